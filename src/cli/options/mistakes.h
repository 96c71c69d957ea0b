// What users read when a command line can't be parsed: what is wrong in one line, and the hint in another.
#pragma once

#include "cli/options/habits.h"

#include <cstddef>
#include <string_view>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace segdl::cli {

// An option that is not known is not always a typing error: it may be that of another program, or the beginning of one
// of ours. Of such an option the name alone is printed, since what follows may be a secret.
Mistake mistake(const CLI::App& app, const CLI::ParseError& error);

// Letters to insert, remove or replace until one is the other.
std::size_t distance(std::string_view from, std::string_view to);

}  // namespace segdl::cli
