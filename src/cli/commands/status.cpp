#include "cli/commands/status.h"

#include "cli/base/exit_code.h"
#include "cli/base/streams.h"
#include "cli/display/hints.h"
#include "cli/display/lines.h"
#include "shared/system_calls.h"
#include "wire/status.h"

#include <segdl/status.h>
#include <segdl/text.h>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace segdl::cli {
namespace {

namespace fs = std::filesystem;

std::string interrupted_words(const DownloadStatus& status) {
  std::string words = fmt::format("from:      {}\n", printable(status.url));
  const auto out = std::back_inserter(words);
  fmt::format_to(out, "validator: {}\n",
                 status.validator.empty() ? "none"
                                          : fmt::format("{} ({})", printable(status.validator),
                                                        status.validator_strong ? "strong" : "weak"));
  if (!status.coding.empty()) fmt::format_to(out, "coding:    {}\n", status.coding);
  fmt::format_to(out, "size:      {}\n",
                 status.total ? fmt::format("{} ({} bytes)", size_words(*status.total), *status.total) : "unknown");
  if (status.stream && status.claimed > 0) return words + "claimed:   all, as one stream\n";
  if (status.stream) return words + "claimed:   nothing: the server does not support resuming, the next run restarts\n";
  fmt::format_to(out, "claimed:   {} in {} of {} segments of {}\n", size_words(status.claimed), status.claimed_segments,
                 status.segments, size_words(status.segment_size));
  for (const Range hole : status.holes) fmt::format_to(out, "missing:   {} to {}\n", hole.begin, hole.end);
  return words;
}

std::string_view state_words(const DownloadStatus& status) {
  if (status.busy) return "active";
  const bool all = status.state == DownloadStatus::State::interrupted && status.total && status.claimed > 0 &&
                   status.claimed == *status.total;
  return all ? "fetched, not published" : wire::state_word(status.state);
}

std::string in_words(const DownloadStatus& status) {
  std::string words = fmt::format("{}: {}{}{}\n", printable(status.output.string()), state_words(status),
                                  status.decoded ? ", decoded" : "",
                                  status.journal_left ? "; leftover journal, removed by the next run" : "");
  if (status.state == DownloadStatus::State::interrupted) words += interrupted_words(status);
  return words;
}

// One of those in a directory.
std::string in_brief(const DownloadStatus& status) {
  std::string words = fmt::format("{}: {}", printable(status.output.string()), state_words(status));
  if (status.state == DownloadStatus::State::interrupted) {
    words += fmt::format(", {} of {}", size_words(status.claimed),
                         status.total ? size_words(*status.total) : "an unknown size");
  }
  return words + "\n";
}

int failed(const Error& error) {
  say("segdl: {}\n", error.message());
  if (!error.hints.empty()) say("       {}\n", hint_words(error.hints));
  return exit_code(error.cause);
}

// The journals in a directory, by name.
Result<std::vector<fs::path>> journals_in(const fs::path& directory) {
  std::vector<fs::path> found;
  std::error_code problem;
  for (fs::directory_iterator entry(directory, problem), end; !problem && entry != end; entry.increment(problem)) {
    if (entry->path().extension() == ".segdl") found.push_back(entry->path());
  }
  if (problem) {
    Error error{Cause::local, Remedy::stop, "read", directory.string()};
    error.reason = problem.message();
    return error;
  }
  std::sort(found.begin(), found.end());
  return found;
}

// What is printed of it.
Result<std::string> words_of(const fs::path& file, bool json, bool brief) {
  const auto status = segdl::status(file);
  if (!status) return status.error();
  return json ? wire::status_text(*status) : brief ? in_brief(*status) : in_words(*status);
}

int show_directory(const fs::path& directory, bool json) {
  const auto journals = journals_in(directory);
  if (!journals) return failed(journals.error());
  std::string text;
  for (const fs::path& journal : *journals) {
    const auto words = words_of(directory == "." ? journal.filename() : journal, json, true);
    if (words) text += *words;  // else it has ended meanwhile
  }
  if (text.empty() && !json) text = fmt::format("{}: no interrupted downloads\n", printable(directory.string()));
  return put_out(text) ? 0 : kLocal;
}

int show_one(const fs::path& file, bool json) {
  if (file.string().find("://") != std::string::npos) {
    say("segdl: {} is a URL, but status takes a file\n       usage: segdl status NAME\n", redacted_url(file.string()));
    return kUsage;
  }
  const auto found = look_at(file.string());
  if (found && S_ISDIR(found->st_mode)) return show_directory(file, json);
  const auto words = words_of(file, json, false);
  if (!words) return failed(words.error());
  return put_out(*words) ? 0 : kLocal;
}

}  // namespace

int show_status(const StatusCommand& command) {
  if (command.files.empty()) return show_directory(".", command.json);
  int code = 0;
  for (const fs::path& file : command.files) {
    const int of_this = show_one(file, command.json);
    if (code == 0) code = of_this;
  }
  return code;
}

}  // namespace segdl::cli
