#include "cli/display/show.h"

#include "cli/base/signals.h"
#include "cli/base/streams.h"
#include "shared/system_calls.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <new>
#include <utility>

namespace segdl::cli {
namespace {

constexpr std::chrono::milliseconds kLivePace{100};
constexpr std::chrono::milliseconds kFirstPicture{250};  // what is over sooner needs none
constexpr std::chrono::milliseconds kPlainPace{5000};
const ::dev_t kOwnTerminal = makedev(5, 0);  // /dev/tty

// Whether the bytes of the download go to a terminal.
bool fills_terminal(const FetchCommand& command) {
  if (command.to_standard_output) return ::isatty(STDOUT_FILENO) == 1;
  const auto output = look_at((command.request.directory / command.request.output).string());
  if (!output || !S_ISCHR(output->st_mode)) return false;
  struct ::stat shown {};
  const bool same = ::fstat(STDERR_FILENO, &shown) == 0 && shown.st_rdev == output->st_rdev;
  return output->st_rdev == kOwnTerminal || (same && ::isatty(STDERR_FILENO) == 1);
}

bool is_silent(const FetchCommand& command) {
  if (command.quiet || command.progress == ProgressAs::none) return true;
  return command.progress == ProgressAs::automatic && fills_terminal(command);
}

bool is_live(const FetchCommand& command) {
  if (!knows_controls() || command.progress == ProgressAs::plain) return false;
  return command.progress == ProgressAs::bar || ::isatty(STDERR_FILENO) == 1;
}

}  // namespace

Display::Display(const FetchCommand& command)
    : silent_(is_silent(command)),
      pace_(kPlainPace),
      looked_(std::chrono::steady_clock::now()),
      next_(looked_ + pace_) {
  if (silent_ || !is_live(command)) return;
  terminal_.emplace();
  pace_ = kLivePace;
  next_ = looked_ + kFirstPicture;
}

Display::~Display() {
  try {
    clear();
  } catch (const std::bad_alloc&) {  // then the picture stays
  }
}

bool Display::due() {
  look_for_stops();
  if (silent_ || now() < next_) return false;
  if (terminal_ && (terminal_->is_stuck() || !terminal_->in_foreground())) return false;
  next_ = now() + pace_;
  return true;
}

void Display::look_for_stops() {
  if (stop_asked()) {
    clear();
    const Moment before = std::chrono::steady_clock::now();
    stop_here();
    stopped_ += std::chrono::steady_clock::now() - before;
  } else if (was_continued()) {
    stopped_ += std::chrono::steady_clock::now() - looked_;
    lines_.forget();
  }
  looked_ = std::chrono::steady_clock::now();
}

std::optional<Look> Display::look() const { return terminal_ ? std::optional(terminal_->look()) : std::nullopt; }

void Display::show(std::vector<Line> lines) {
  if (terminal_) terminal_->put(lines_.paint(std::move(lines), terminal_->look().columns));
}

void Display::show_plain(const std::string& line) { say_if_ready(line + "\n"); }

void Display::print_above(const std::string& text) {
  if (terminal_) {
    terminal_->put(lines_.put_above(text, terminal_->look().columns));
  } else {
    say_text(text);
  }
}

void Display::clear() {
  if (!terminal_) return;
  terminal_->put(lines_.erase(terminal_->look().columns));
  terminal_->settle();
  lines_.forget();
}

}  // namespace segdl::cli
