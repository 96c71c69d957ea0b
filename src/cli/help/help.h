// The text of --help, and the words it shares with the manual page.
#pragma once

#include <span>
#include <string>

namespace CLI {
class App;
}

namespace segdl::cli {

struct ExitCodeWords {
  const char* code;
  const char* brief;
  const char* more;  // for the manual page
};

struct CommandWords {
  const char* name;
  const char* arguments;
  const char* purpose;
};

std::span<const ExitCodeWords> exit_code_words();
std::span<const CommandWords> command_words();  // those beside downloading itself

// Makes the app print its own help: groups, in lines of at most 80 columns, with this footer.
void use_help(CLI::App& app, std::string footer);

// The commands, rules for all options, and the exit codes.
std::string fetch_footer();

}  // namespace segdl::cli
