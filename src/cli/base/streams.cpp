#include "cli/base/streams.h"

#include "cli/base/exit_code.h"
#include "shared/system_calls.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <new>

namespace segdl::cli {
namespace {

constexpr int kLookForStop = 40;  // ms

// The blocked signals of watch_signals() have their default effect meanwhile, so a stopped terminal can't hold the
// process.
void wait_until_ready(int descriptor) {
  ::sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGTSTP}) sigdelset(&mask, signal);
  ::pollfd poll{descriptor, POLLOUT, 0};
  ::ppoll(&poll, 1, nullptr, &mask);
}

// 0, or the errno of the failure.
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    if (!is_ready(descriptor)) wait_until_ready(descriptor);
    const ::ssize_t written = ::write(descriptor, text.data(), std::min(text.size(), kAtOnce));
    if (written < 0 && errno != EINTR && errno != EAGAIN) return errno;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace

bool is_ready(int descriptor) {
  ::pollfd poll{descriptor, POLLOUT, 0};
  return ::poll(&poll, 1, 0) == 1;
}

void fill_closed_streams() {
  // Read-only, so that writing to a closed standard output is an error, as it would be without this.
  for (;;) {
    const int descriptor = retried([] { return ::open("/dev/null", O_RDONLY); });
    if (descriptor > STDERR_FILENO) ::close(descriptor);
    if (descriptor < 0 || descriptor > STDERR_FILENO) return;
  }
}

void say_text(std::string_view text) { write_all(STDERR_FILENO, text); }

void say_internal_error(const std::exception& exception) noexcept {
  try {
    if (dynamic_cast<const std::bad_alloc*>(&exception) == nullptr) {
      return say("segdl: internal error: {}\n", exception.what());
    }
  } catch (const std::bad_alloc&) {  // no memory for a message either
  }
  say_text("segdl: out of memory; run the same command again\n");
}

void say_out_of_memory_at_termination() {
  static std::terminate_handler otherwise;
  otherwise = std::set_terminate([] {
    try {
      if (std::current_exception()) throw;
    } catch (const std::bad_alloc& exception) {
      say_internal_error(exception);
      ::_exit(exit_code(Cause::internal));  // the files are left as by a kill
    } catch (...) {  // NOLINT(bugprone-empty-catch): a bug, and its words are the default handler's
    }
    otherwise();
  });
}

void say_if_ready(std::string_view text) {
  if (is_ready(STDERR_FILENO)) write_all(STDERR_FILENO, text);
}

bool out_ready(std::chrono::milliseconds time) {
  ::pollfd poll{STDOUT_FILENO, POLLOUT, 0};
  return ::poll(&poll, 1, static_cast<int>(time.count())) == 1;
}

bool put_out(std::string_view text) {
  const int error = write_all(STDOUT_FILENO, text);
  if (error != 0) say("segdl: write to standard output: {}\n", std::strerror(error));
  return error == 0;
}

// Large writes, although one to a full pipe may block: the thread that reads the signals ends the process all the same.
Result<void> put_data(std::span<const std::byte> bytes, const std::atomic<bool>& stopped) {
  const auto failed = [](Cause cause, const char* reason) {
    Error error{cause, Remedy::stop, "write to", "standard output"};
    error.reason = reason;
    // No hint helps if the reader is gone.
    if (cause == Cause::local && errno != EPIPE)
      error.hints = {{Hint::custom, "fix that and restart: nothing is kept"}};
    return error;
  };
  while (!bytes.empty()) {
    if (stopped) return failed(Cause::cancelled, "interrupted");
    ::pollfd poll{STDOUT_FILENO, POLLOUT, 0};
    if (::poll(&poll, 1, kLookForStop) != 1) continue;
    const ::ssize_t written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written > 0) bytes = bytes.subspan(static_cast<std::size_t>(written));
    if (written < 0 && errno != EINTR && errno != EAGAIN) return failed(Cause::local, std::strerror(errno));
  }
  return {};
}

}  // namespace segdl::cli
