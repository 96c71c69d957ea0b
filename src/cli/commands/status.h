// segdl status [FILE]...
#pragma once

#include "cli/options/options.h"

namespace segdl::cli {

// Prints to standard output; the exit code.
int show_status(const StatusCommand&);

}  // namespace segdl::cli
