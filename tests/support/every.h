// The share of all cases that a test program tries.
#pragma once

#include "core/base/ascii.h"

#include <cstdint>
#include <cstdlib>

namespace segdl::test {

// One in so many: SEGDL_EVERY in the environment, else `usual`.
inline std::uint64_t every(std::uint64_t usual) {
  const char* text = std::getenv("SEGDL_EVERY");
  const std::uint64_t number = text == nullptr ? usual : parse_decimal(text).value_or(0);
  return number == 0 ? usual : number;
}

}  // namespace segdl::test
