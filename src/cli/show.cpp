#include "cli/show.h"

#include "cli/lines.h"
#include "cli/streams.h"

#include <segdl/text.h>

#include <fmt/format.h>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace segdl::cli {
namespace {

constexpr std::chrono::milliseconds kTerminalPace{250};
constexpr std::chrono::milliseconds kPipePace{5000};
constexpr std::size_t kShortestName = 12;
constexpr double kNewWeight = 0.3;  // of the latest speed in the smoothed one

std::size_t terminal_width() {
  ::winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool on_a_terminal() {
  const char* const kind = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

}  // namespace

StatusLine::StatusLine(bool quiet)
    : quiet_(quiet),
      terminal_(on_a_terminal()),
      pace_(terminal_ ? kTerminalPace : kPipePace),
      next_(std::chrono::steady_clock::now() + pace_),
      measured_(std::chrono::steady_clock::now()) {}

StatusLine::~StatusLine() { clear(); }

bool StatusLine::due() {
  if (quiet_) return false;
  const Moment now = std::chrono::steady_clock::now();
  if (now < next_) return false;
  next_ = now + pace_;
  return true;
}

double StatusLine::speed(std::uint64_t received) {
  const Moment now = std::chrono::steady_clock::now();
  const double elapsed = std::chrono::duration<double>(now - measured_).count();
  const double latest = static_cast<double>(received - std::min(received, measured_bytes_)) / elapsed;
  speed_ = speed_ == 0 ? latest : kNewWeight * latest + (1 - kNewWeight) * speed_;
  measured_ = now;
  measured_bytes_ = received;
  return speed_;
}

void StatusLine::show(const std::string& name, const std::string& rest) {
  const std::string shown = printable(name);
  if (!terminal_) {
    say_if_ready(fmt::format("{}{}\n", shown, rest));
    return;
  }
  const std::size_t room = terminal_width() - 1;
  const std::string fitting = shortened(shown, std::max(kShortestName, room - std::min(room, rest.size())));
  say_if_ready(fmt::format("\r{}\x1b[K", shortened(fitting + rest, room)));
  shown_ = true;
}

void StatusLine::clear() {
  if (shown_) say("\r\x1b[K");
  shown_ = false;
}

ProgressDisplay::ProgressDisplay(std::string name, bool quiet, bool verbose)
    : name_(std::move(name)), verbose_(verbose && !quiet), line_(quiet) {}

bool ProgressDisplay::has_told(const std::string& note) const {
  return std::find(told_.begin(), told_.end(), note) != told_.end();
}

void ProgressDisplay::update(const Progress& progress) {
  if (verbose_ && !progress.note.empty() && (told_.empty() || told_.back() != progress.note)) {
    told_.push_back(progress.note);
    line_.clear();
    say("segdl: {}\n", printable(progress.note));
  }
  if (line_.due()) line_.show(name_, progress_line("", progress, line_.speed(progress.fetched)));
}

}  // namespace segdl::cli
