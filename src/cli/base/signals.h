// The signals that end or stop the command, read when it is ready for them.
#pragma once

namespace segdl::cli {

// Blocks SIGINT, SIGTERM and SIGHUP, which pending_signal() reads, and SIGTSTP and SIGCONT, which the functions below
// read.
// Ignores SIGPIPE and SIGXFSZ. Makes SIGBUS end the process with one line and exit code 7.
// To be called before any thread exists.
void watch_signals();

// A signal that has arrived and ends the command, or 0.
int pending_signal();

// Whether pending_signal() would return one, without consuming it.
bool signal_waits();
// Whether Ctrl-Z was pressed (SIGTSTP). Consumes that: the caller then calls stop_here().
bool stop_asked();
// Stops the process as SIGTSTP does, and returns when it is continued.
void stop_here();
// Whether another program has stopped the process and it was continued, since the last call.
bool was_continued();

}  // namespace segdl::cli
