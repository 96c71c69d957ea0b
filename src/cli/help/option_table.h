// The options of a command as words, for --help, the manual page and the completions.
//
// The table is read from the CLI::App that parses the command line, so that nothing is written twice. An option's type
// name serves users and completion. Its alternatives are separated by bars:
// - FILE and DIR are completed from the disk.
// - An alternative without capitals is a literal word (`interval|end|none`, `N|auto`).
// - One that begins so is offered up to its capitals (`sha-256=HEX`, `@FILE`).
// - Anything else is the user's own.
// Where that would be too long to read, users see CLI's option_text().
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace segdl::cli {

struct OptionWords {
  std::vector<std::string> names = {};   // with their dashes, short ones first; the name of an operand
  std::string shown = {};                // the value as shown to users; empty: a flag
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

// The literal part of an alternative: "interval", "sha-256=", "@"; empty if it is the user's own.
std::string offered(const std::string& alternative);

// The kind of name on disk that a value, or the part after its literal part, is: 'f', 'd', or 0.
char disk_kind(const std::string& alternative);

}  // namespace segdl::cli
