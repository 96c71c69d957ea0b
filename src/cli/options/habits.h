// Options of curl, wget, aria2c and axel and their names here, for users who write or paste a call of those; see
// doc/habits.md.
//
// Their switches for what segdl does anyway are accepted, hidden from the help. All others either mean the same here or
// are refused with what to write instead: none is misread as a harmful option.
#pragma once

#include "cli/options/options.h"

#include <optional>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace segdl::cli {

struct Mistake {
  std::string what = {};
  std::string hint = {};  // empty: the help is the hint
};

// Accepts switches that have no effect, or that of another. REQUIRES: both outlive the app's parsing.
void add_harmless_switches(CLI::App&, Unsettled&);

// What to write instead of an option of those programs, by its name with its dashes; or nothing.
std::string_view habit(std::string_view name);

// The first word of a command line that segdl would parse and that means something else in another program: a switch
// that has a value there (-k 1M), a value that no option here can have, a word that is not a URL (help, statsu).
// An unknown option ends the search: parsing reports it.
std::optional<Mistake> foreign_call(const CLI::App&, int argc, const char* const* argv);

}  // namespace segdl::cli
