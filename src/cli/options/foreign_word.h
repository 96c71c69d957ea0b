// A word in the place of a URL that is none: a command of another program, a file, a typing error.
#pragma once

#include "cli/options/habits.h"

#include <optional>
#include <string>

namespace segdl::cli {

// What is wrong with the word, and what may be meant; nothing if it may be a URL.
std::optional<Mistake> foreign_word(const std::string& word);

}  // namespace segdl::cli
