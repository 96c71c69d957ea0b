#include "batch/batch_state.h"
#include "shared/system_calls.h"
#include "shared/url_word.h"

#include <segdl/status.h>
#include <segdl/text.h>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace segdl {
namespace {

using Moment = std::chrono::steady_clock::time_point;

constexpr std::size_t kBeginAtMost = 256;  // before what has ended is looked at again
constexpr std::chrono::milliseconds kReportInterval{40};
constexpr std::chrono::milliseconds kRunStep{40};  // how soon a stop request is seen

Error usage_error(std::string reason) {
  Error error{Cause::usage, Remedy::stop};
  error.reason = std::move(reason);
  return error;
}

// Why nothing can go into a directory, if so: reported once instead of for each file. One that is missing may be made.
std::optional<Error> directory_missing(const std::filesystem::path& directory, bool may_be_made) {
  const auto found = look_at(directory);
  const int number = found ? ENOTDIR : errno;
  if (found && S_ISDIR(found->st_mode)) return std::nullopt;
  if (may_be_made && number == ENOENT) return std::nullopt;
  Error error{Cause::local, Remedy::stop, "open", directory.string()};
  error.hints = {number == ENOENT ? Advice(Hint::create_directory, directory.string()) : Hint::choose_other_directory};
  error.reason = std::strerror(number);
  return error;
}

bool is_at_work(Phase phase) { return phase != Phase::queued && phase != Phase::suspended && phase != Phase::ended; }

}  // namespace

Batch::State::State(Session& of, BatchOptions given, std::vector<Listener*> listening)
    : session(of),
      options(std::move(given)),
      listeners(std::move(listening)),
      entries(std::move(options.items), std::move(options.more)),
      names(options.request.existing != Existing::refuse, entries.of_list()) {
  ::clock_gettime(CLOCK_REALTIME_COARSE, &begun_at);
}

bool Batch::State::begin_some() {
  if (!std::exchange(looked, true) && entries.several()) {
    const auto missing = directory_missing(options.request.directory, options.request.create_directories);
    if (missing) end_all(*missing);
  }
  for (std::size_t begun = 0; begun < kBeginAtMost; ++begun) {
    if (error || cancelled || downloads.size() >= options.window) return false;
    auto item = entries.next();
    if (!item) {
      ++tally.seen == 1 ? end_all(item.error()) : fail({}, item.error());
      return false;
    }
    if (!*item) return false;
    begin(std::move(**item));
  }
  return true;
}

void Batch::State::begin(Item item) {
  item.number = ++tally.seen;
  if (!item.problem.empty()) return fail(item, usage_error(item.problem));
  if (!is_like_url(item.url)) {
    Error error_of_word = usage_error(redacted_url(item.url) + " is not a URL");
    error_of_word.hints = {
        {Hint::custom, fmt::format("for a host of that name use http://{}/", redacted_url(item.url))}};
    return fail(item, error_of_word);
  }
  Request request = options.request;
  request.url = item.url;
  request.output = item.name;
  // Where the server names the file, this is only what it is called until then.
  const auto name = output_name(request);
  if (!name) return fail(item, name.error());
  if (!request.consumer) item.output = request.directory / *name;
  const bool named = !request.remote_name || !item.name.empty();
  if (!names.see(item.url, named ? *name : "")) {
    ++tally.repeated;
    for (Listener* const listener : listeners) listener->on_repeated(item);
    return;
  }
  if (const auto refused = named ? names.refuse(*name) : std::nullopt) return fail(item, *refused);
  // With a journal beside it, it may be one whose publication is to be finished, which only the library knows.
  if (named && entries.several() && request.existing == Existing::skip && is_file(item.output) &&
      !is_file(journal_path(item.output))) {
    Report report;
    report.output = item.output;
    report.skipped = true;
    return end(item, report);
  }
  if (options.checksums != nullptr) {
    auto checksum = options.checksums->find(*name, request.url);
    if (!checksum) return fail(item, checksum.error());
    request.checksum = std::move(*checksum);
  }
  auto task = session.download(std::move(request));
  // Nothing of the item: its URL and its name are sound.
  if (!task) return entries.several() ? end_all(task.error()) : fail(item, task.error());
  item.owns_output = true;
  const Moment due = options.request.events ? Moment::max() : Moment::min();
  const std::uint64_t id = task->id();
  const Download& download =
      downloads.emplace(id, Download{std::move(*task), std::move(item), *name, named, due}).first->second;
  if (named) names.claim(*name, download.item);
  for (Listener* const listener : listeners) listener->on_begin(download.item);
}

void Batch::State::report() {
  const Moment now = std::chrono::steady_clock::now();
  if (now < report_due) return;
  report_due = now + kReportInterval;
  for (auto& [id, download] : downloads) {
    report_events(download);
    if (options.progress_interval.count() > 0 && now >= download.due) report_progress(download, now);
  }
}

void Batch::State::report_events(Download& download) {
  if (!options.request.events) return;
  for (const Event& event : download.task.take_events()) {
    if (std::holds_alternative<Started>(event.what)) {
      download.due = std::chrono::steady_clock::now() + options.progress_interval;
    }
    for (Listener* const listener : listeners) listener->on_event(download.item, event);
  }
}

void Batch::State::report_progress(Download& download, Moment now) {
  download.due = now + options.progress_interval;
  const Progress progress = download.task.progress();
  if (!is_at_work(progress.phase)) return;
  for (Listener* const listener : listeners) listener->on_progress(download.item, progress);
}

Batch::Batch(Session& session, BatchOptions options, std::vector<Listener*> listeners)
    : state_(std::make_unique<State>(session, std::move(options), std::move(listeners))) {}

Batch::~Batch() {
  for (auto& [id, download] : state_->downloads) download.task.cancel();
}

bool Batch::step(std::chrono::milliseconds timeout) {
  State& state = *state_;
  const bool more = state.begin_some();
  if (!state.error) state.conclude_some(more ? std::chrono::milliseconds(0) : timeout);
  state.report();
  return !state.error && (!state.downloads.empty() || !(state.cancelled || state.entries.ended()));
}

void Batch::cancel() {
  state_->cancelled = true;
  for (auto& [id, download] : state_->downloads) download.task.cancel();
}

Result<BatchTally> Batch::run(const std::stop_token& stop) {
  while (step(kRunStep)) {
    if (stop.stop_requested()) cancel();
  }
  if (state_->error) return *state_->error;
  return state_->tally;
}

void Batch::abandon() {
  cancel();
  for (auto& [id, download] : state_->downloads) {
    Error error{Cause::cancelled, Remedy::stop};
    error.reason = "interrupted";
    const auto kept = segdl::status(download.task.progress().output);
    error.resumable = kept && kept->state == DownloadStatus::State::interrupted && !kept->stream;
    state_->report_events(download);
    state_->end(download.item, error);
  }
}

const BatchTally& Batch::tally() const { return state_->tally; }

BatchProgress Batch::progress() const {
  const State& state = *state_;
  BatchProgress moment{state.received};
  if (state.entries.ended()) moment.items = state.tally.seen;
  for (const auto& [id, download] : state.downloads) {
    Progress progress = download.task.progress();
    moment.fetched += progress.fetched;
    if (is_at_work(progress.phase)) moment.active.push_back({&download.item, &download.task, std::move(progress)});
  }
  std::sort(moment.active.begin(), moment.active.end(),
            [](const ActiveItem& a, const ActiveItem& b) { return a.item->number < b.item->number; });
  return moment;
}

std::size_t Batch::unfinished() const { return state_->downloads.size(); }

const std::optional<Error>& Batch::error() const { return state_->error; }

}  // namespace segdl
