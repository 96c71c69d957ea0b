// What a Batch shows while it runs, and how it ends.
#include "cli/batch.h"
#include "cli/lines.h"
#include "cli/outcome.h"
#include "cli/signals.h"
#include "cli/streams.h"

#include <segdl/text.h>

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>

namespace segdl::cli {
namespace {

constexpr std::chrono::milliseconds kNotesPace{100};

bool is_under_way(Phase phase) { return phase != Phase::queued && phase != Phase::ended; }

}  // namespace

void Batch::show() {
  if (json_ != nullptr) tell_events();
  if (command_.verbose && !command_.quiet && std::chrono::steady_clock::now() >= notes_due_) tell_notes();
  if (!line_.due()) return;
  const BatchProgress moment = progress();
  line_.show("", batch_line(moment, line_.speed(moment.fetched)));
}

void Batch::tell_notes() {
  notes_due_ = std::chrono::steady_clock::now() + kNotesPace;
  for (auto& [id, download] : downloads_) {
    const std::string note = download.task.progress().note;
    if (note.empty() || note == download.told) continue;
    line_.clear();
    say("segdl: {}: {}\n", printable(download.output), printable(note));
    download.told = note;
  }
}

BatchProgress Batch::progress() const {
  BatchProgress moment{tally_.done + tally_.skipped, tally_.failed, sources_ended() ? tally_.met : 0, 0, received_};
  for (const auto& [id, download] : downloads_) {
    const Progress progress = download.task.progress();
    if (is_under_way(progress.phase)) ++moment.under_way;
    moment.fetched += progress.fetched;
  }
  return moment;
}

void Batch::cancel_all() {
  for (auto& [id, download] : downloads_) {
    download.under_way = is_under_way(download.task.progress().phase);
    download.task.cancel();
  }
}

bool Batch::publishing() const {
  return std::any_of(downloads_.begin(), downloads_.end(),
                     [](const auto& entry) { return entry.second.task.progress().phase == Phase::publishing; });
}

// Every state on disk is safe to be left at any instant, so they are not waited for longer than kPatience, all
// together, unless one is just being published.
void Batch::wait_for_the_cancelled() {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!downloads_.empty()) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      if (!publishing() || pending_signal() != 0) break;
      left = kLook;
    }
    if (const auto id = session_.next_ended(left)) conclude(*id);
  }
}

std::string Batch::interrupted_line() const {
  std::string how = "run the same command";
  if (tally_.done > 0 && command_.request.overwrite) how += " with --skip-existing instead of --overwrite";
  if (tally_.done > 0 && !command_.request.overwrite && !command_.skip_existing) how += " with --skip-existing";
  if (kept_ == 0) return fmt::format("segdl: interrupted: {} to go on", how);
  const char* const kept = kept_ == 1 ? "file under way is kept as it is" : "files under way are kept as they are";
  return fmt::format("segdl: interrupted; {} {}: {} to continue", kept_, kept, how);
}

int Batch::interrupt(int code) {
  interrupted_ = true;
  if (json_ != nullptr) json_->interrupted(code);
  cancel_all();
  wait_for_the_cancelled();
  for (const auto& [id, download] : downloads_) {
    if (download.under_way) ++kept_;
  }
  cut_short_ = cut_short_ || !downloads_.empty() || !sources_ended();
  sum_up();
  if (!cut_short_) return tally_.code;  // all had ended before the signal came
  say("{}\n", interrupted_line());
  if (json_ != nullptr && !downloads_.empty()) tell_abandoned();
  if (!downloads_.empty()) ::_exit(json_ != nullptr ? json_->end(code) : code);
  return code;
}

void Batch::sum_up() {
  line_.clear();
  say_text(failure_lines(tally_));
  if (!command_.quiet) say("{}\n", total_line(tally_, std::chrono::steady_clock::now() - begun_));
}

}  // namespace segdl::cli
