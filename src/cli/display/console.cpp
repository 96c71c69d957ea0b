#include "cli/display/console.h"

#include "cli/base/streams.h"
#include "cli/display/draw.h"
#include "cli/display/hints.h"
#include "cli/display/lines.h"
#include "cli/display/outcome.h"
#include "cli/display/summary.h"

#include <segdl/status.h>
#include <segdl/text.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace segdl::cli {
namespace {

constexpr std::size_t kFewUrls = 20;
constexpr std::chrono::milliseconds kWorthALine{300};  // what is over sooner would only flicker
constexpr const char* kStandardOutput = "standard output";
constexpr const char* kRestart = "segdl: interrupted: run the same command to restart";

// What is kept is what the journal claims, not what was in flight.
std::string interrupted_single(const std::filesystem::path& output) {
  const auto kept = segdl::status(output);
  if (!kept || kept->state != DownloadStatus::State::interrupted || kept->claimed == 0) return kRestart;
  return fmt::format("segdl: interrupted; {} of {} kept: run the same command to continue", size_words(kept->claimed),
                     size_words(kept->total.value_or(0)));
}

bool has(const std::vector<std::string>& notes, const std::string& note) {
  return std::find(notes.begin(), notes.end(), note) != notes.end();
}

}  // namespace

Console::Console(const FetchCommand& command)
    : command_(command),
      single_(!command.list && command.urls.size() == 1),
      reports_each_(!command.quiet && (command.verbose || (!command.list && command.urls.size() <= kFewUrls))),
      begun_(std::chrono::steady_clock::now()),
      display_(command),
      speed_(display_.now()) {}

void Console::show(const Batch& batch) {
  if (!display_.due()) return;
  const BatchProgress now = batch.progress();
  speed_.measure(display_.now(), now.fetched);
  const auto look = display_.look();
  if (single_) {
    if (!now.active.empty()) show_single(now.active.front(), look);
  } else if (look) {
    display_.show(draw_files(views(now), batch_line(batch.tally(), now, speed_.value()), *look));
  } else {
    display_.show_plain(batch_line(batch.tally(), now, speed_.value()));
  }
}

void Console::show_single(const ActiveItem& active, const std::optional<Look>& look) {
  const std::string name = command_.to_standard_output ? kStandardOutput : active.item->output.filename().string();
  if (look) {
    display_.show(draw_file({name, active.progress, speed_.value()}, active.task->map(look->room()), *look));
  } else {
    display_.show_plain(progress_line(name, active.progress, speed_.value()));
  }
}

// Of each that is worth a line.
std::vector<FileView> Console::views(const BatchProgress& now) {
  const Display::Moment moment = display_.now();
  std::vector<FileView> views;
  for (const ActiveItem& active : now.active) {
    Followed& followed = followed_[active.item->number];
    if (!followed.speed) {
      followed.speed.emplace(moment, active.progress.fetched);
      followed.seen = moment;
    }
    const double speed = followed.speed->measure(moment, active.progress.fetched);
    if (moment - followed.seen < kWorthALine) continue;
    views.push_back({active.item->output.filename().string(), active.progress, speed});
  }
  return views;
}

void Console::print(const std::string& text) {
  if (single_) {
    display_.clear();
    say_text(text);
  } else {
    display_.print_above(text);
  }
}

std::string Console::note_line(const Item& item, const std::string& note) const {
  if (single_) return fmt::format("segdl: {}\n", printable(note));
  return fmt::format("segdl: {}: {}\n", printable(item.output.filename().string()), printable(note));
}

void Console::on_begin(const Item& item) {
  if (single_) output_ = item.output;
}

void Console::on_progress(const Item& item, const Progress& progress) {
  if (!command_.verbose || command_.quiet || progress.note.empty()) return;
  std::vector<std::string>& notes = followed_[item.number].notes;
  if (!notes.empty() && notes.back() == progress.note) return;
  notes.push_back(progress.note);
  display_.print_above(note_line(item, progress.note));
}

// The file is that of the other, and its result is reported there.
void Console::on_repeated(const Item& item) {
  if (!reports_each_) return;
  print(fmt::format("segdl: {}{}: duplicate, fetched once\n", item.list_line.empty() ? "" : item.list_line + ": ",
                    redacted_url(item.url)));
}

void Console::on_end(const Item& item, const Result<Report>& result) {
  const auto node = followed_.extract(item.number);
  if (single_) output_ = item.output;
  if (!result && result.error().cause == Cause::cancelled) return;
  kept_.erase(item.number);
  if (!result) return print_failed(item, result.error());
  if (!result->skipped) return print_done(item, *result, node ? node.mapped() : Followed());
  if (single_ && !command_.quiet) {
    print(fmt::format("{}: exists, skipped\n", printable(item.output.lexically_normal().string())));
  }
}

void Console::print_done(const Item& item, const Report& report, const Followed& followed) {
  if (!reports_each_) return;
  for (const std::string& note : report.notes) {
    if (!has(followed.notes, note)) print(note_line(item, note));
  }
  if (!report.hints.empty()) print(note_line(item, hint_words(report.hints)));
  for (const std::string& lack : report.workarounds) {
    if (command_.verbose && !has(followed.notes, lack)) print(note_line(item, lack));
  }
  Report shown = report;
  if (command_.to_standard_output) shown.output = kStandardOutput;
  print(report_line(shown) + "\n");
}

void Console::print_failed(const Item& item, const Error& error) {
  print(error_lines(item.list_line, item.url, advised(error, command_)));
  if (first_failures_.size() == kNamedAgain) return;
  std::string named = item.list_line;
  if (!named.empty() && !item.url.empty()) named += ": ";
  named += item.url.empty() && named.empty() ? error.message() : redacted_url(item.url);
  first_failures_.push_back(std::move(named));
}

void Console::interrupt(const Batch& batch) {
  for (const ActiveItem& active : batch.progress().active) {
    kept_.insert(active.item->number);
    if (single_) output_ = active.progress.output;
  }
}

void Console::finish(const Batch& batch) {
  display_.clear();
  if (single_) return;
  say_text(failure_lines(batch.tally(), first_failures_));
  if (!command_.quiet) say("{}\n", total_line(batch.tally(), std::chrono::steady_clock::now() - begun_));
}

std::string Console::interrupted_line(const Batch& batch) const {
  if (single_) return command_.to_standard_output ? kRestart : interrupted_single(output_);
  std::string how = "run the same command";
  const Existing existing = command_.request.existing;
  const bool some_done = batch.tally().done > 0;
  if (some_done && existing == Existing::replace) how += " with --skip-existing instead of --overwrite";
  if (some_done && existing == Existing::refuse) how += " with --skip-existing";
  if (kept_.empty()) return fmt::format("segdl: interrupted: {} to continue", how);
  const char* const kept = kept_.size() == 1 ? "active download kept" : "active downloads kept";
  return fmt::format("segdl: interrupted; {} {}: {} to continue", kept_.size(), kept, how);
}

}  // namespace segdl::cli
