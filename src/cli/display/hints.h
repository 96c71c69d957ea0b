// The library's hints in the words of the command: with its options instead of members of the library.
#pragma once

#include <segdl/hint.h>

#include <string>

namespace segdl::cli {

// One of them; untrusted text in it is escaped.
std::string hint_words(const Advice& advice);

// All of them as one line without a period; empty if there are none.
std::string hint_words(const Hints& hints);

}  // namespace segdl::cli
