// The signals that end the command, taken when it suits.
#pragma once

namespace segdl::cli {

// Blocks SIGINT, SIGTERM and SIGHUP, to be taken by pending_signal(); ignores SIGPIPE and SIGXFSZ; makes SIGBUS end the
// process with one line and exit code 7. Call it before any thread exists.
void watch_signals();

// A signal that has arrived, or 0.
int pending_signal();

// Whether one has arrived; it stays to be taken.
bool signal_waits();

}  // namespace segdl::cli
