// The texts about the command itself: completions and the manual page.
#pragma once

#include "cli/help/option_table.h"
#include "cli/options/options.h"

#include <string>
#include <vector>

namespace segdl::cli {

// All commands and options, as words.
struct CommandTable {
  std::string about = {};
  std::vector<OptionGroup> fetch = {};
  std::vector<OptionGroup> status = {};
};

CommandTable command_table();

// Prints the page; the exit code.
int show_page(Page page);

}  // namespace segdl::cli
