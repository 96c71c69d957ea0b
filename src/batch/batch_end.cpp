// How the items of a batch end.
#include "batch/batch_state.h"
#include "shared/system_calls.h"

#include <algorithm>
#include <utility>

namespace segdl {
namespace {

constexpr const char* kAppeared = "it was created after this command started";

// With Existing::skip: whether it ended because the file is there, or a link to one.
bool was_there(const Result<Report>& result, Existing existing, const std::filesystem::path& output) {
  if (result) return result->skipped;
  return result.error().cause == Cause::exists && existing == Existing::skip && is_file(output);
}

}  // namespace

void Batch::State::conclude_some(std::chrono::milliseconds timeout) {
  if (downloads.empty()) {
    if (!cancelled) entries.wait(timeout);
    return;
  }
  auto id = session.next_ended(timeout);
  for (std::size_t concluded = 0; id && concluded < options.window; ++concluded) {
    conclude(*id);
    id = session.next_ended(std::chrono::milliseconds(0));
  }
  if (id) conclude(*id);
}

void Batch::State::conclude(std::uint64_t id) {
  auto node = downloads.extract(id);
  if (node.empty()) return;
  Download& download = node.mapped();
  if (download.named) names.release(download.name);
  const Progress progress = download.task.progress();
  download.name = progress.output.filename().string();
  if (!options.request.consumer) download.item.output = options.request.directory / download.name;
  received += progress.fetched;
  report_events(download);
  const Result<Report>& result = download.task.wait();
  if (was_there(result, options.request.existing, download.item.output) &&
      !appeared_in_this_run(download.item.output)) {
    Report report;
    report.output = download.item.output;
    report.skipped = true;
    end(download.item, report);
  } else if (result && result->skipped) {
    fail_shared(download.item, download.name, kAppeared);
  } else if (result) {
    conclude_done(download, *result);
  } else {
    conclude_failed(download, result.error());
  }
}

void Batch::State::conclude_done(Download& download, const Report& report) {
  if (!download.named && !names.use(download.name)) {
    return fail_shared(download.item, download.name, "the server gave it twice; the later one was kept");
  }
  end(download.item, report);
}

void Batch::State::conclude_failed(Download& download, const Error& why) {
  if (cancelled && why.cause == Cause::cancelled) {
    end(download.item, why);
  } else if (why.cause == Cause::busy && !download.named && is_running(download.name)) {
    fail_shared(download.item, download.name, "the server gave it to another active download");
  } else if (why.cause == Cause::exists && !names.remembers() && appeared_in_this_run(download.item.output)) {
    fail_shared(download.item, download.name, kAppeared);
  } else {
    fail(download.item, why);
  }
}

bool Batch::State::is_running(const std::string& name) const {
  return std::any_of(downloads.begin(), downloads.end(),
                     [&](const auto& entry) { return entry.second.task.progress().output.filename() == name; });
}

bool Batch::State::appeared_in_this_run(const std::filesystem::path& output) const {
  const auto found = entries.several() ? look_at(output) : std::nullopt;
  if (!found) return false;
  const ::timespec& made = found->st_ctim;
  return made.tv_sec != begun_at.tv_sec ? made.tv_sec > begun_at.tv_sec : made.tv_nsec >= begun_at.tv_nsec;
}

void Batch::State::end(const Item& item, const Result<Report>& result) {
  if (!result) {
    ++tally.cancelled;
  } else if (result->skipped) {
    ++tally.skipped;
  } else if (result->unchanged) {
    ++tally.unchanged;
  } else {
    ++tally.done;
    tally.bytes += result->total;
    tally.fetched += result->fetched;
  }
  for (Listener* const listener : listeners) listener->on_end(item, result);
}

void Batch::State::fail(const Item& item, const Error& why) {
  if (tally.failed == 0) tally.first_failure = why.cause;
  ++tally.failed;
  for (Listener* const listener : listeners) listener->on_end(item, why);
}

void Batch::State::fail_shared(Item& item, const std::string& name, std::string reason) {
  item.owns_output = false;
  fail(item, names.shared(name, std::move(reason)));
}

void Batch::State::end_all(const Error& why) {
  error = why;
  for (Listener* const listener : listeners) listener->on_end({}, why);
}

}  // namespace segdl
