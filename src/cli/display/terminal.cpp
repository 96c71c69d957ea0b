#include "cli/display/terminal.h"

#include "cli/base/streams.h"
#include "shared/system_calls.h"

#include <fcntl.h>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace segdl::cli {
namespace {

constexpr std::size_t kMaxKept = std::size_t{256} * 1024;  // limit of pending text; then writing waits

bool is_set(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

// Only a terminal: a file would be written from its beginning.
int open_again() {
  if (::isatty(STDERR_FILENO) == 0) return -1;
  constexpr int kFlags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  return retried([] { return ::open("/proc/self/fd/2", kFlags); });
}

}  // namespace

bool knows_controls() { return is_set("TERM") && std::string_view(std::getenv("TERM")) != "dumb"; }

Terminal::Terminal()
    : descriptor_(open_again()),
      own_(descriptor_ >= 0),
      colours_(!is_set("NO_COLOR")),
      utf8_(std::string_view(::nl_langinfo(CODESET)) == "UTF-8") {
  if (!own_) descriptor_ = STDERR_FILENO;
}

Terminal::~Terminal() {
  if (own_) ::close(descriptor_);
}

Look Terminal::look() const {
  Look look;
  ::winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    look.columns = size.ws_col;
    look.rows = size.ws_row;
  }
  look.colours = colours_;
  look.utf8 = utf8_;
  return look;
}

bool Terminal::in_foreground() const {
  const ::pid_t group = ::tcgetpgrp(STDERR_FILENO);
  return group < 0 || group == ::getpgrp();  // unknown: this process can't be in its background
}

void Terminal::put(std::string_view text) {
  pending_ += text;
  push();
  if (pending_.size() > kMaxKept) settle();
}

bool Terminal::is_stuck() {
  push();
  return !pending_.empty();
}

void Terminal::settle() {
  push();
  say_text(pending_);
  pending_.clear();
}

void Terminal::push() {
  while (!pending_.empty() && (own_ || is_ready(descriptor_))) {
    const ::ssize_t written = ::write(descriptor_, pending_.data(), std::min(pending_.size(), kAtOnce));
    if (written > 0) {
      pending_.erase(0, static_cast<std::size_t>(written));
    } else {
      if (written < 0 && errno != EINTR && errno != EAGAIN) pending_.clear();  // it can't be written
      return;
    }
  }
}

}  // namespace segdl::cli
