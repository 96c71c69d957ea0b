#include "cli/base/signals.h"

#include "cli/base/exit_code.h"

#include <unistd.h>

#include <csignal>
#include <ctime>

namespace segdl::cli {
namespace {

::sigset_t only(int signal) {
  ::sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  return set;
}

// Consumes the signal if it is pending; returns whether it was.
bool take(int signal) {
  const ::sigset_t set = only(signal);
  const ::timespec now{};
  return ::sigtimedwait(&set, nullptr, &now) == signal;
}

::sigset_t ending_signals() {
  ::sigset_t set;
  sigemptyset(&set);
  // A signal that is ignored at the start stays ignored: SIGHUP by nohup, SIGINT by sh for background commands of a
  // script.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct ::sigaction found {};
    if (::sigaction(signal, nullptr, &found) == 0 && found.sa_handler != SIG_IGN) sigaddset(&set, signal);
  }
  return set;
}

extern "C" void on_bus_error(int) {
  // Another program shortened the journal under its mapping. Only async-signal-safe calls here.
  constexpr char kLine[] = "segdl: the journal was truncated by another program; run the same command again\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kLine, sizeof kLine - 1);
  ::_exit(kLocal);
}

}  // namespace

void watch_signals() {
  ::sigset_t set = ending_signals();
  sigaddset(&set, SIGTSTP);
  sigaddset(&set, SIGCONT);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGBUS, on_bus_error);
}

int pending_signal() {
  const ::sigset_t set = ending_signals();
  const ::timespec now{};
  const int signal = ::sigtimedwait(&set, nullptr, &now);
  return signal > 0 ? signal : 0;
}

bool signal_waits() {
  ::sigset_t arrived;
  if (::sigpending(&arrived) != 0) return false;
  const ::sigset_t ours = ending_signals();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (sigismember(&arrived, signal) == 1 && sigismember(&ours, signal) == 1) return true;
  }
  return false;
}

bool stop_asked() { return take(SIGTSTP); }

void stop_here() {
  const ::sigset_t stop = only(SIGTSTP);
  ::raise(SIGTSTP);
  ::pthread_sigmask(SIG_UNBLOCK, &stop, nullptr);  // stops here until it is continued
  ::pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  take(SIGCONT);
}

bool was_continued() { return take(SIGCONT); }

}  // namespace segdl::cli
