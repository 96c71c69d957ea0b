// The library's hints in the words of the command: with its options instead of members of the library.
#pragma once

#include <segdl/error.h>

#include <string>

namespace segdl::cli {

// One of them; untrusted text in it is escaped.
std::string hint_words(const Advice& advice);

// All that an error has, as one line without a period; empty if it has none.
std::string hint_words(const Error& error);

}  // namespace segdl::cli
