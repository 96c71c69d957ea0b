// A word of the command line in the place of a URL that is none: a command of other programs, a file, a slip.
#pragma once

#include "cli/options/habits.h"

#include <optional>
#include <string>
#include <string_view>

namespace segdl::cli {

// Whether it can be meant as a URL: with a dot, a slash or a colon in it.
bool is_like_url(std::string_view text);

// What is wrong with it, and what may be meant; nothing if it may be a URL.
std::optional<Mistake> foreign_word(const std::string& word);

}  // namespace segdl::cli
