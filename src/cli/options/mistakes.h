// Messages for a command line that can't be parsed: what is wrong in one line, and the hint in another.
#pragma once

#include "cli/options/habits.h"

#include <cstddef>
#include <string_view>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace segdl::cli {

// An unknown option may be that of another program, or the beginning of one of ours, instead of a typing error. Only
// its name is printed, since what follows may be a secret.
Mistake mistake(const CLI::App& app, const CLI::ParseError& error);

// The number of letters to insert, remove or replace to get one from the other.
std::size_t distance(std::string_view from, std::string_view to);

}  // namespace segdl::cli
