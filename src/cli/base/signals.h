// The signals that end or stop the command, taken when it suits.
#pragma once

namespace segdl::cli {

// Blocks SIGINT, SIGTERM and SIGHUP, to be taken by pending_signal(), SIGTSTP and SIGCONT, to be taken by those below;
// ignores SIGPIPE and SIGXFSZ; makes SIGBUS end the
// process with one line and exit code 7. Call it before any thread exists.
void watch_signals();

// A signal that has arrived and ends the command, or 0.
int pending_signal();

// Whether one has arrived; it stays to be taken.
bool signal_waits();
// Whether Ctrl-Z was pressed (SIGTSTP). That is taken with the answer: stop_here() is what it asked for.
bool stop_asked();
// Stops the process as SIGTSTP does, and returns when it is continued.
void stop_here();
// Whether it has been continued after something else had stopped it, since this was asked the last time.
bool was_continued();

}  // namespace segdl::cli
