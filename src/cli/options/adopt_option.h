// --adopt: partial files of other tools; and -c, the option with which other tools continue.
#pragma once

#include "cli/options/options.h"

namespace CLI {
class App;
}

namespace segdl::cli {

// REQUIRES: the command outlives the app.
void add_adopt_option(CLI::App&, FetchCommand&);

// Throws CLI::ValidationError for a command that it can't be combined with. REQUIRES: all of the command is read.
void check_adopt(const FetchCommand&);

}  // namespace segdl::cli
