#include "cli/commands/batch.h"

#include "cli/base/exit_code.h"
#include "cli/base/signals.h"
#include "cli/base/streams.h"
#include "cli/base/system_calls.h"
#include "cli/display/lines.h"
#include "cli/display/outcome.h"
#include "cli/options/foreign_word.h"

#include <segdl/status.h>
#include <segdl/text.h>

#include <fmt/format.h>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace segdl::cli {
namespace {

constexpr std::size_t kSmallestWindow = 512;
constexpr std::size_t kTurn = 256;  // entries begun before signals are looked at again
constexpr std::size_t kFewUrls = 20;

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

}  // namespace

Batch::Batch(Session& session, const FetchCommand& command, ListFile* list, JsonReport* json)
    : session_(session),
      command_(command),
      list_(list),
      json_(json),
      window_(std::max<std::size_t>(kSmallestWindow, std::size_t{4} * command.session.jobs)),
      tells_each_(!command.quiet && (command.verbose || (list == nullptr && command.urls.size() <= kFewUrls))),
      begun_(std::chrono::steady_clock::now()),
      fatal_(directory_missing(command.request.directory, command.request.create_directories)),
      notes_due_(begun_),
      events_due_(begun_),
      on_end_(command, [this](const std::string& text) { display_.tell(text); }),
      display_(command),
      speed_(display_.now()) {
  ::clock_gettime(CLOCK_REALTIME_COARSE, &begun_at_);
  if (command.request.existing != Existing::refuse) names_.emplace();
}

int Batch::run() {
  while (!fatal_ && !(downloads_.empty() && sources_ended())) {
    if (const int signal = pending_signal()) return interrupt(128 + signal);
    if (json_ != nullptr && json_->broken()) return interrupt(kLocal);
    const bool more = begin_some();
    conclude_some(more ? std::chrono::milliseconds(0) : kPollInterval);
    on_end_.look();
    show();
  }
  if (fatal_) {
    display_.clear();
    print_error("", "", *fatal_);
    if (json_ != nullptr) json_->failed({}, *fatal_);
    return exit_code(fatal_->cause);
  }
  sum_up();
  return on_end_.finish(tally_.code);
}

bool Batch::sources_ended() const { return next_url_ == command_.urls.size() && (list_ == nullptr || list_->ended()); }

std::optional<Batch::Entry> Batch::next_entry() {
  if (next_url_ < command_.urls.size()) return Entry{"", command_.urls[next_url_++]};
  if (list_ == nullptr || list_->ended()) return std::nullopt;
  if (auto line = list_->next()) {
    return Entry{list_->list_line(line->number), std::move(line->url), std::move(line->name), std::move(line->problem)};
  }
  if (list_->problem()) {
    if (tally_.seen == 0) fatal_ = list_->problem();
    ++tally_.seen;
    fail({}, *list_->problem());
  }
  return std::nullopt;
}

// True if there may be more to begin without a wait.
bool Batch::begin_some() {
  for (std::size_t begun = 0; begun < kTurn; ++begun) {
    if (fatal_ || downloads_.size() >= window_) return false;
    auto entry = next_entry();
    if (!entry) return false;
    begin(std::move(*entry));
  }
  return true;
}

void Batch::begin(Entry entry) {
  entry.number = ++tally_.seen;
  if (!entry.problem.empty()) {
    Error error{Cause::usage, Remedy::stop};
    error.reason = entry.problem;
    return fail(entry, error);
  }
  if (!is_like_url(entry.url)) {
    Error error{Cause::usage, Remedy::stop};
    error.reason = redacted_url(entry.url) + " is not a URL";
    error.hints = {{Hint::custom, fmt::format("for a host of that name use http://{}/", redacted_url(entry.url))}};
    return fail(entry, error);
  }
  Request request = command_.request;
  request.url = entry.url;
  request.output = entry.name;
  // Where the server names the file, this is only what it is called until then.
  const auto output = output_name(request);
  if (!output) return fail(entry, output.error());
  const bool named = !request.remote_name || !request.output.empty();
  if (!begun_urls_.insert(fmt::format("{}\t{}", comparable_url(entry.url), named ? *output : ""))) {
    return repeated(entry, *output);
  }
  if (const auto refused = named ? name_refused(*output) : std::nullopt) return fail(entry, *refused, *output);
  // With a journal beside it, it may be one whose publication is to be finished, which only the library knows.
  const auto there = request.directory / *output;
  if (named && request.existing == Existing::skip && is_there(there) && !is_there(journal_path(there))) {
    ++tally_.skipped;
    if (json_ != nullptr) json_->skipped(subject(entry, *output));
    return;
  }
  if (command_.checksums) {
    auto checksum = command_.checksums->find(*output, request.url);
    if (!checksum) return fail(entry, checksum.error(), *output);
    request.checksum = std::move(*checksum);
  }
  auto started = session_.download(std::move(request));
  if (started) {
    const std::uint64_t id = started->id();
    if (named) active_.emplace(*output, id);
    downloads_.emplace(id, Download{std::move(*started), std::move(entry), *output, named});
  } else {
    fatal_ = started.error();  // nothing of the line: its URL and its name are sound
  }
}

// The file is that of the other, and its result is reported there.
void Batch::repeated(const Entry& entry, const std::string& output) {
  ++tally_.repeated;
  if (json_ != nullptr) json_->repeated(subject(entry, output));
  if (!tells_each_) return;
  display_.tell(fmt::format("segdl: {}{}: duplicate, fetched once\n",
                            entry.list_line.empty() ? "" : entry.list_line + ": ", redacted_url(entry.url)));
}

Error Batch::two_of_one_name(const std::string& output, std::string reason) const {
  Error error{Cause::exists, Remedy::stop,
              list_ == nullptr ? "two URLs share the name" : "two lines of the list share the name", output};
  error.reason = std::move(reason);
  error.hints = {{Hint::custom, list_ == nullptr
                                    ? "give only one of several mirrors; download two files in separate runs, with -o"
                                    : "give one of them another name in the list, after a TAB"}};
  return error;
}

// Where the other download of that name is, which may have ended.
std::string Batch::other_of(const std::string& output) const {
  const auto found = active_.find(output);
  if (found == active_.end()) return "the other has already ended";
  const Entry& other = downloads_.at(found->second).entry;
  return "the other is " + (other.list_line.empty() ? redacted_url(other.url) : other.list_line);
}

bool Batch::is_in_use(const std::string& output) const {
  return active_.count(output) > 0 || (names_ && names_->contains(output));
}

std::optional<Error> Batch::name_refused(const std::string& output) {
  if (is_in_use(output)) return two_of_one_name(output, other_of(output));
  if (const auto other = name_in_the_way(output, [this](const std::string& name) { return is_in_use(name); })) {
    Error error = two_of_one_name(
        output,
        fmt::format("conflict with {}: one writes files under the name of the other; {}", *other, other_of(*other)));
    error.operation = "download";
    return error;
  }
  if (names_) names_->insert(output);
  return std::nullopt;
}

void Batch::conclude_some(std::chrono::milliseconds time) {
  if (downloads_.empty()) {
    if (list_ != nullptr) list_->wait(time);
    return;
  }
  auto id = session_.next_ended(time);
  for (std::size_t concluded = 0; id && concluded < window_; ++concluded) {
    conclude(*id);
    id = session_.next_ended(std::chrono::milliseconds(0));
  }
  if (id) conclude(*id);
}

void Batch::conclude(std::uint64_t id) {
  auto node = downloads_.extract(id);
  if (node.empty()) return;
  Download& download = node.mapped();
  if (download.named) active_.erase(download.output);
  download.output = download.task.progress().output.filename().string();
  received_ += download.task.progress().fetched;
  const Result<Report>& result = download.task.wait();
  if (json_ != nullptr) json_->catch_up(subject(download), download.task);
  const auto there = command_.request.directory / download.output;
  if (was_there(result, command_.request, there) && !came_in_this_run(download.output)) {
    ++tally_.skipped;
    if (json_ != nullptr) json_->skipped(subject(download));
  } else if (result && result->skipped) {
    fail(download.entry, two_of_one_name(download.output, "it was created after this command started"),
         download.output);
  } else if (result) {
    conclude_done(download, *result);
  } else {
    conclude_failed(download, result.error());
  }
}

void Batch::conclude_done(const Download& download, const Report& report) {
  if (!download.named && names_ && !names_->insert(download.output)) {
    return fail(download.entry, two_of_one_name(download.output, "the server gave it twice; the later one was kept"),
                download.output);
  }
  tally_.add(report);
  if (json_ != nullptr) json_->done(subject(download), report);
  if (!report.unchanged) on_end_.done(report.output);
  if (!tells_each_) return;
  for (const std::string& note : report.notes) {
    if (note != download.told) tell_note(download, note);
  }
  display_.tell(report_line(report) + "\n");
}

void Batch::conclude_failed(const Download& download, const Error& error) {
  if (interrupted_ && error.cause == Cause::cancelled) {
    cut_short_ = true;
    if (download.under_way) ++kept_;
    if (json_ != nullptr) json_->failed(subject(download), error);
  } else if (error.cause == Cause::busy && !download.named && is_under_way_here(download.output)) {
    fail(download.entry, two_of_one_name(download.output, "the server gave it to another active download"),
         download.output);
  } else if (error.cause == Cause::exists && !names_ && came_in_this_run(download.output)) {
    fail(download.entry, two_of_one_name(download.output, "it was created after this command started"),
         download.output);
  } else {
    fail(download.entry, error, download.output);
    on_end_.failed(command_.request.directory / download.output, exit_code(error.cause));
  }
}

bool Batch::is_under_way_here(const std::string& output) const {
  return std::any_of(downloads_.begin(), downloads_.end(),
                     [&](const auto& entry) { return entry.second.task.progress().output.filename() == output; });
}

bool Batch::came_in_this_run(const std::string& output) const {
  const auto found = look_at(command_.request.directory / output);
  if (!found) return false;
  const ::timespec& made = found->st_ctim;
  return made.tv_sec != begun_at_.tv_sec ? made.tv_sec > begun_at_.tv_sec : made.tv_nsec >= begun_at_.tv_nsec;
}

void Batch::fail(const Entry& entry, const Error& error, const std::string& output) {
  if (fatal_) return;
  if (json_ != nullptr) json_->failed(subject(entry, output), error);
  display_.tell(error_lines(entry.list_line, entry.url, error));
  std::string named = entry.list_line;
  if (!named.empty() && !entry.url.empty()) named += ": ";
  named += entry.url.empty() && named.empty() ? error.message() : redacted_url(entry.url);
  tally_.add_failure(std::move(named), exit_code(error.cause));
}

}  // namespace segdl::cli
