// What a Batch shows while it runs, and how it ends.
#include "cli/base/signals.h"
#include "cli/base/streams.h"
#include "cli/commands/batch.h"
#include "cli/display/lines.h"
#include "cli/display/outcome.h"

#include <segdl/text.h>

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace segdl::cli {
namespace {

constexpr std::chrono::milliseconds kNotesPace{100};
constexpr std::chrono::milliseconds kWorthALine{300};  // what is over sooner would only flicker

bool is_under_way(Phase phase) { return phase != Phase::queued && phase != Phase::ended; }

}  // namespace

void Batch::show() {
  if (json_ != nullptr) tell_events();
  if (command_.verbose && !command_.quiet && std::chrono::steady_clock::now() >= notes_due_) tell_notes();
  if (!display_.due()) return;
  std::vector<UnderWay> under_way;
  const BatchProgress moment = progress(under_way);
  speed_.measure(display_.now(), moment.fetched);
  if (const auto look = display_.look()) {
    display_.show(draw_files(views(std::move(under_way)), batch_line(moment, speed_.value()), *look));
  } else {
    display_.show_plain(batch_line(moment, speed_.value()));
  }
}

// Of each that is worth a line, in the order in which they began.
std::vector<FileView> Batch::views(std::vector<UnderWay> under_way) {
  std::sort(under_way.begin(), under_way.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  const Display::Moment now = display_.now();
  std::vector<FileView> views;
  for (auto& [id, progress] : under_way) {
    Download& download = downloads_.at(id);
    if (!download.speed) {
      download.speed.emplace(now, progress.fetched);
      download.seen = now;
    }
    const double speed = download.speed->measure(now, progress.fetched);
    if (now - download.seen >= kWorthALine) views.push_back({download.output, std::move(progress), speed});
  }
  return views;
}

void Batch::tell_notes() {
  notes_due_ = std::chrono::steady_clock::now() + kNotesPace;
  for (auto& [id, download] : downloads_) {
    const std::string note = download.task.progress().note;
    if (note.empty() || note == download.told) continue;
    tell_note(download, note);
    download.told = note;
  }
}

void Batch::tell_note(const Download& download, const std::string& note) {
  display_.tell(fmt::format("segdl: {}: {}\n", printable(download.output), printable(note)));
}

BatchProgress Batch::progress(std::vector<UnderWay>& under_way) const {
  BatchProgress moment{tally_.done + tally_.skipped + tally_.unchanged + tally_.repeated, tally_.failed,
                       sources_ended() ? tally_.seen : 0, 0, received_};
  for (const auto& [id, download] : downloads_) {
    Progress progress = download.task.progress();
    moment.fetched += progress.fetched;
    if (is_under_way(progress.phase)) under_way.push_back({id, std::move(progress)});
  }
  moment.under_way = under_way.size();
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
  const auto until = std::chrono::steady_clock::now() + kCancelGrace;
  while (!downloads_.empty()) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      if (!publishing() || pending_signal() != 0) break;
      left = kPollInterval;
    }
    if (const auto id = session_.next_ended(left)) conclude(*id);
  }
}

std::string Batch::interrupted_line() const {
  std::string how = "run the same command";
  const Existing existing = command_.request.existing;
  if (tally_.done > 0 && existing == Existing::replace) how += " with --skip-existing instead of --overwrite";
  if (tally_.done > 0 && existing == Existing::refuse) how += " with --skip-existing";
  if (kept_ == 0) return fmt::format("segdl: interrupted: {} to continue", how);
  const char* const kept = kept_ == 1 ? "active download kept" : "active downloads kept";
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
  const int ended = on_end_.abandon(tally_.code, code);
  sum_up();
  if (!cut_short_) return ended;  // all had ended before the signal came
  say("{}\n", interrupted_line());
  if (json_ != nullptr && !downloads_.empty()) tell_abandoned();
  if (!downloads_.empty()) ::_exit(json_ != nullptr ? json_->end(code) : code);
  return code;
}

void Batch::sum_up() {
  display_.clear();
  say_text(failure_lines(tally_));
  if (!command_.quiet) say("{}\n", total_line(tally_, std::chrono::steady_clock::now() - begun_));
}

}  // namespace segdl::cli
