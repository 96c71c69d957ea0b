// How the options of a command line relate to each other.
#pragma once

#include "cli/options/options.h"

namespace CLI {
class App;
}

namespace segdl::cli {

// Declares which options exclude each other. Of two for the same setting the last counts, as in a command that begins
// with an alias. REQUIRES: all options are added, and nothing is parsed.
void relate_options(CLI::App& app);

// Throws CLI::ValidationError for a command that lacks something, or has options that can't be combined.
// REQUIRES: all of it is read.
void check_together(const FetchCommand& command);

// Applies the value of -o; its directory is relative to -d. Throws as check_together() does.
// REQUIRES: all of the command is read.
void place_output(const Output& output, FetchCommand& command);

}  // namespace segdl::cli
