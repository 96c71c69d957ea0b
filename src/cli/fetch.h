// Runs downloads one after the other.
#pragma once

#include "cli/options.h"

namespace segdl::cli {

// The exit code: that of the first failure. REQUIRES: watch_signals() was called.
int fetch(const FetchCommand&);

// Blocks SIGINT, SIGTERM and SIGHUP, to be taken by fetch(); ignores SIGPIPE and SIGXFSZ; makes SIGBUS end the process
// with one line and exit code 7. Call it before any thread exists.
void watch_signals();

}  // namespace segdl::cli
