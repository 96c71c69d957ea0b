// Runs what a command line asks for: one download, or a batch of them.
#pragma once

#include "cli/options/options.h"

namespace segdl::cli {

// The exit code: that of the first to fail. REQUIRES: watch_signals() was called.
int fetch(const FetchCommand&);

}  // namespace segdl::cli
