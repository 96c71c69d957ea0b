// --adopt: what another tool has left of the file; and -c, with which other tools continue.
#pragma once

#include "cli/options/options.h"

namespace CLI {
class App;
}

namespace segdl::cli {

// REQUIRES: the command outlives the app.
void add_adopt_option(CLI::App&, FetchCommand&);

// Throws CLI::ValidationError for a command that it can't be a part of. REQUIRES: all of it is read.
void check_adopt(const FetchCommand&);

}  // namespace segdl::cli
