#include "cli/display/json_report.h"

#include "cli/base/exit_code.h"
#include "cli/base/signals.h"
#include "cli/base/streams.h"
#include "cli/display/hints.h"
#include "cli/display/outcome.h"

#include <segdl/text.h>

namespace segdl::cli {
namespace {

wire::WallTime now() { return std::chrono::system_clock::now(); }

}  // namespace

JsonReport::JsonReport(const FetchCommand& command) : command_(command), begun_(std::chrono::steady_clock::now()) {
  write(wire::hello_line(now()));
}

// A signal is not taken here, only seen: the loop that takes it ends the downloads.
void JsonReport::write(const std::string& line) {
  while (!broken_ && !given_up_ && !out_ready(kPollInterval)) given_up_ = interrupted_code_ != 0 || signal_waits();
  if (!broken_ && !given_up_) broken_ = !put_out(line);
}

void JsonReport::note(const std::string& text) { write(wire::event_line({}, Event{0, now(), Noted{text}})); }

void JsonReport::on_event(const Item& item, const Event& event) {
  if (std::holds_alternative<Started>(event.what)) {
    speeds_.emplace(item.number, std::chrono::steady_clock::now());
  }
  write(wire::event_line(item, event));
}

void JsonReport::on_progress(const Item& item, const Progress& progress) {
  const auto found = speeds_.find(item.number);
  if (found == speeds_.end()) return;
  const double speed_now = found->second.measure(std::chrono::steady_clock::now(), progress.fetched);
  if (out_ready(std::chrono::milliseconds(0))) write(wire::progress_line(now(), item, progress, speed_now));
}

void JsonReport::on_repeated(const Item& item) {
  ++summary_.tally.repeated;
  write(wire::skipped_line(now(), item, true));
}

void JsonReport::on_end(const Item& item, const Result<Report>& result) {
  const bool started = speeds_.erase(item.number) > 0;
  if (!result) return failed(item, result.error(), started);
  if (!result->skipped) return done(item, *result);
  ++summary_.tally.skipped;
  write(wire::skipped_line(now(), item, false));
}

void JsonReport::done(const Item& item, const Report& report) {
  ++(report.unchanged ? summary_.tally.unchanged : summary_.tally.done);
  if (!report.unchanged) summary_.tally.bytes += report.total;
  summary_.tally.fetched += report.fetched;
  write(wire::done_line(now(), item, report, hint_words(report.hints)));
  if (broken_) say("segdl: {} is complete, but its report could not be written\n", printable(report.output.string()));
}

void JsonReport::failed(const Item& item, const Error& error, bool started) {
  if (!started && error.cause == Cause::cancelled) return;
  const bool interruption = interrupted_code_ != 0 && error.cause == Cause::cancelled;
  ++(interruption ? summary_.tally.cancelled : summary_.tally.failed);
  const int code = interruption ? interrupted_code_ : exit_code(error.cause);
  const Error shown = advised(error, command_);
  write(wire::error_line(now(), item, {shown, code, hint_words(shown.hints)}));
}

void JsonReport::interrupt(int exit_code) { interrupted_code_ = exit_code; }

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
