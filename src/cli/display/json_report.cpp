#include "cli/display/json_report.h"

#include "cli/base/exit_code.h"
#include "cli/base/signals.h"
#include "cli/base/streams.h"
#include "cli/display/hints.h"
#include "cli/display/outcome.h"

#include <segdl/status.h>
#include <segdl/text.h>

#include <algorithm>

namespace segdl::cli {
namespace {

constexpr std::chrono::seconds kPace{1};
constexpr double kNewWeight = 0.3;  // of the latest speed in the smoothed one

wire::WallTime now() { return std::chrono::system_clock::now(); }

}  // namespace

JsonReport::JsonReport() : begun_(std::chrono::steady_clock::now()) { write(wire::hello_line(now())); }

// A signal is not taken here, only seen: the loop that takes it ends the downloads.
void JsonReport::write(const std::string& line) {
  while (!broken_ && !given_up_ && !out_ready(kPollInterval)) given_up_ = interrupted_code_ != 0 || signal_waits();
  if (!broken_ && !given_up_) broken_ = !put_out(line);
}

void JsonReport::note(const std::string& text) { write(wire::event_line({}, Event{0, now(), Noted{text}})); }

void JsonReport::catch_up(const wire::Subject& subject, Task& task) {
  for (const Event& event : task.take_events()) {
    if (std::holds_alternative<Started>(event.what)) {
      const auto at = std::chrono::steady_clock::now();
      followed_.emplace(subject.id, Followed{at + kPace, at});
    }
    write(wire::event_line(subject, event));
  }
}

double JsonReport::speed(Followed& followed, std::uint64_t fetched, Steady at) {
  const double elapsed = std::chrono::duration<double>(at - followed.measured).count();
  const double latest = static_cast<double>(fetched - std::min(fetched, followed.bytes)) / elapsed;
  followed.speed = followed.speed == 0 ? latest : kNewWeight * latest + (1 - kNewWeight) * followed.speed;
  followed.measured = at;
  followed.bytes = fetched;
  return followed.speed;
}

void JsonReport::follow(const wire::Subject& subject, Task& task) {
  catch_up(subject, task);
  const auto found = followed_.find(subject.id);
  const Steady at = std::chrono::steady_clock::now();
  if (found == followed_.end() || at < found->second.due) return;
  Followed& followed = found->second;
  followed.due = at + kPace;
  const Progress progress = task.progress();
  const double speed_now = speed(followed, progress.fetched, at);
  if (progress.phase != Phase::ended && out_ready(std::chrono::milliseconds(0))) {
    write(wire::progress_line(now(), subject, progress, speed_now));
  }
}

void JsonReport::done(const wire::Subject& subject, const Report& report) {
  followed_.erase(subject.id);
  ++(report.unchanged ? summary_.unchanged : summary_.done);
  if (!report.unchanged) summary_.bytes += report.total;
  summary_.fetched += report.fetched;
  write(wire::done_line(now(), subject, report));
  if (broken_) say("segdl: {} is complete, but its report could not be written\n", printable(report.output.string()));
}

void JsonReport::failed(const wire::Subject& subject, const Error& error) {
  const bool began = followed_.erase(subject.id) > 0;
  if (!began && error.cause == Cause::cancelled) return;
  const bool interruption = interrupted_code_ != 0 && error.cause == Cause::cancelled;
  ++(interruption ? summary_.interrupted : summary_.failed);
  const int code = interruption ? interrupted_code_ : exit_code(error.cause);
  write(wire::error_line(now(), subject, {error, code, hint_words(error)}));
}

void JsonReport::skipped(const wire::Subject& subject) {
  followed_.erase(subject.id);
  ++summary_.skipped;
  write(wire::skipped_line(now(), subject, false));
}

void JsonReport::repeated(const wire::Subject& subject) {
  ++summary_.repeated;
  write(wire::skipped_line(now(), subject, true));
}

void JsonReport::interrupted(int exit_code) { interrupted_code_ = exit_code; }

void JsonReport::abandoned(const wire::Subject& subject, Task& task) {
  Error error{Cause::cancelled, Remedy::stop};
  error.reason = "interrupted";
  const auto kept = segdl::status(task.progress().output);
  error.resumable = kept && kept->state == DownloadStatus::State::interrupted && !kept->stream;
  catch_up(subject, task);
  failed(subject, error);
}

int JsonReport::end(int exit_code) {
  if (!ended_) {
    ended_ = true;
    summary_.elapsed = std::chrono::steady_clock::now() - begun_;
    summary_.exit_code = exit_code;
    write(wire::summary_line(now(), summary_));
  }
  return broken_ && exit_code == 0 ? kLocal : exit_code;
}

}  // namespace segdl::cli
