// What people read when a command line can't be parsed: what is wrong in one line, and the way out in another.
#pragma once

#include <string>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace segdl::cli {

struct Mistake {
  std::string what = {};
  std::string way_out = {};  // empty: the help has it
};

// An option that is not known is not always a typing error: it may be that of another program, or the beginning of one
// of ours. Of such an option the name alone is told, since what follows may be a secret.
Mistake mistake(const CLI::App& app, const CLI::ParseError& error);

}  // namespace segdl::cli
