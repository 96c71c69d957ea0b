// What an error advises, for tests.
#pragma once

#include <segdl/error.h>

#include <algorithm>

namespace segdl {

inline bool has_hint(const Error& error, Hint hint) {
  return std::any_of(error.hints.begin(), error.hints.end(), [&](const Advice& advice) { return advice.hint == hint; });
}

}  // namespace segdl
