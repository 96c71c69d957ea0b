// The options of a command as words: what --help, the manual page and the completions are made of.
//
// The table is read off the CLI::App that parses the command line, so that nothing is written twice. An option's type
// name is written for users and for completion alike: its alternatives stand between bars. FILE and DIR are completed
// from the disk, an alternative without capitals is a word to be offered as it stands (`interval|end|none`, `N|auto`),
// one that begins so is offered up to its capitals (`sha-256=HEX`, `@FILE`), and anything else is the user's own. Where
// all of that is too long to be read, CLI's option_text() is what users see.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace segdl::cli {

struct OptionWords {
  std::vector<std::string> names = {};   // with their dashes, short ones first; of an operand its name
  std::string shown = {};                // the value as users see it; empty: a flag
  std::vector<std::string> values = {};  // its alternatives
  std::string description = {};
  bool again = false;  // may be given more than once
};

struct OptionGroup {
  std::string name = {};
  std::vector<OptionWords> options = {};
};

// In the order in which they were added.
std::vector<OptionGroup> option_groups(const CLI::App& app);
std::vector<OptionWords> operands(const CLI::App& app);

// "-o, --output FILE"
std::string heading(const OptionWords& option);

// What can be offered of an alternative: "interval", "sha-256=", "@"; empty if it is the user's own.
std::string offered(const std::string& alternative);

// A value, or the part after what is offered of it, that is a name on disk: 'f', 'd', or 0.
char disk_kind(const std::string& alternative);

}  // namespace segdl::cli
