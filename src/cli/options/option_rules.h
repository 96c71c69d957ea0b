// What the options of a command line are to each other.
#pragma once

#include "cli/options/options.h"

namespace CLI {
class App;
}

namespace segdl::cli {

// Which contradict each other; and of two that are the same setting the last counts, as in a command that an alias
// begins. REQUIRES: all options are added, and nothing is parsed.
void relate_options(CLI::App& app);

// Throws CLI::ValidationError for a command that lacks something, or asks for what can't be had together.
// REQUIRES: all of it is read.
void check_together(const FetchCommand& command);

// Takes over the value of -o; the directory in it is relative to -d. Throws as check_together() does.
// REQUIRES: all of the command is read.
void place_output(const Output& output, FetchCommand& command);

}  // namespace segdl::cli
