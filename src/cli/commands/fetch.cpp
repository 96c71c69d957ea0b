#include "cli/commands/fetch.h"

#include "cli/base/exit_code.h"
#include "cli/base/signals.h"
#include "cli/base/streams.h"
#include "cli/commands/batch.h"
#include "cli/commands/list_file.h"
#include "cli/display/json_report.h"
#include "cli/display/lines.h"
#include "cli/display/outcome.h"
#include "cli/display/show.h"
#include "cli/options/on_end.h"

#include <segdl/session.h>
#include <segdl/status.h>
#include <segdl/text.h>

#include <fmt/format.h>

#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace segdl::cli {
namespace {

constexpr const char* kStandardOutput = "standard output";
constexpr const char* kBeginAgain = "segdl: interrupted: run the same command to restart";

// What is kept is what the journal claims, not what was in flight.
std::string interrupted_line(const Progress& progress) {
  const auto kept = segdl::status(progress.output);
  if (!kept || kept->state != DownloadStatus::State::interrupted || kept->claimed == 0) {
    return kBeginAgain;
  }
  return fmt::format("segdl: interrupted; {} of {} kept: run the same command to continue", size_words(kept->claimed),
                     size_words(kept->total.value_or(0)));
}

struct Running {
  Task task;
  const std::string& url;
  const FetchCommand& command;
  ProgressDisplay display;
  JsonReport* json;  // or null
  OnEnd& on_end;
  wire::Subject subject;
};

// With --json: how it ended. REQUIRES: it has ended.
void tell_end(Running& running, bool there_already) {
  if (running.json == nullptr) return;
  running.subject.output = running.task.progress().output;  // by the name that the server gave it, if it did
  running.json->catch_up(running.subject, running.task);
  const Result<Report>& result = running.task.wait();
  if (there_already) {
    running.json->skipped(running.subject);
  } else if (result) {
    running.json->done(running.subject, *result);
  } else {
    running.json->failed(running.subject, result.error());
  }
}

// With --continue the file that is in the way, or that has no journal, is probably one that another tool has left.
Error with_hint(Error error, const FetchCommand& command) {
  const bool may_be_left = error.reason == "it exists already" || error.reason.starts_with("it has no journal");
  if (error.cause == Cause::exists && may_be_left && command.continues && command.request.adopt.empty()) {
    error.hints.emplace_back(Hint::custom,
                             "to reuse the partial file of another tool, use --adopt FILE and --checksum ALGO=HEX");
  }
  return error;
}

// Prints how it ended; returns the exit code. REQUIRES: it has ended.
int conclude(Running& running) {
  running.display.clear();
  const Result<Report>& result = running.task.wait();
  const FetchCommand& command = running.command;
  const std::filesystem::path output = running.task.progress().output;
  if (was_there(result, command.request, output)) {
    tell_end(running, true);
    if (!command.quiet) say("{}: exists, skipped\n", printable(output.lexically_normal().string()));
    return 0;
  }
  if (!result) {
    tell_end(running, false);
    print_error("", running.url, with_hint(result.error(), command));
    running.on_end.failed(output, exit_code(result.error().cause));
    return exit_code(result.error().cause);
  }
  tell_end(running, false);
  if (!result->unchanged) running.on_end.done(result->output);
  if (command.quiet) return 0;
  for (const std::string& note : result->notes) {
    if (!running.display.has_told(note)) say("segdl: {}\n", printable(note));
  }
  for (const std::string& lack : result->workarounds) {
    if (command.verbose && !running.display.has_told(lack)) say("segdl: {}\n", printable(lack));
  }
  Report report = *result;
  if (command.to_standard_output) report.output = kStandardOutput;
  say("{}\n", report_line(report));
  return 0;
}

// After a signal: the download gets a moment to end by itself. Every state on disk is safe to be left at any instant,
// so it is not waited for longer, unless it is just being published. The exit code: that of what it ended by, or
// `code`.
int interrupt(Running& running, int code) {
  Task& task = running.task;
  if (running.json != nullptr) running.json->interrupted(code);
  task.cancel();
  bool ended = task.wait_for(kCancelGrace);
  const auto publishing = [&] {
    return !running.command.to_standard_output && task.progress().phase == Phase::publishing;
  };
  while (!ended && publishing() && pending_signal() == 0) ended = task.wait_for(kPollInterval);
  // It was done or had failed before the signal came.
  if (ended && (task.wait().ok() || task.wait().error().cause != Cause::cancelled)) {
    return running.on_end.abandon(conclude(running), code);
  }
  running.display.clear();
  say("{}\n", running.command.to_standard_output ? kBeginAgain : interrupted_line(task.progress()));
  if (ended) tell_end(running, false);
  if (!ended && running.json != nullptr) {
    running.json->abandoned(running.subject, task);
    running.json->end(code);
  }
  if (!ended) ::_exit(code);
  return code;
}

// From the list of checksums, if there is one, by the name that the file is going to have.
Result<void> add_checksum(const FetchCommand& command, Request& request) {
  if (!command.checksums) return {};
  const auto name = output_name(request);
  if (!name) return name.error();
  auto checksum = command.checksums->find(*name, request.url);
  if (!checksum) return std::move(checksum).error();
  request.checksum = std::move(*checksum);
  return {};
}

int fetch_one(Session& session, const FetchCommand& command, JsonReport* json) {
  const std::string& url = command.urls.front();
  Request request = command.request;
  request.url = url;
  std::atomic<bool> stopped = false;
  if (command.to_standard_output) {
    request.consumer = [&stopped](std::span<const std::byte> bytes) { return put_data(bytes, stopped); };
  }
  auto prepared = add_checksum(command, request);
  auto started = prepared ? session.download(std::move(request)) : Result<Task>(std::move(prepared).error());
  if (!started) {
    print_error("", url, started.error());
    if (json != nullptr) json->failed({1, "", url}, started.error());
    return exit_code(started.error().cause);
  }
  const std::string name =
      command.to_standard_output ? kStandardOutput : started->progress().output.filename().string();
  wire::Subject subject{1, "", url, started->progress().output};
  OnEnd on_end(command, [](const std::string& text) { say_text(text); });
  Running running{std::move(*started), url, command, {name, command}, json, on_end, std::move(subject)};
  while (!running.task.wait_for(kPollInterval)) {
    running.display.update(running.task);
    if (const int signal = pending_signal()) {
      stopped = true;
      return interrupt(running, 128 + signal);
    }
    if (json != nullptr) json->follow(running.subject, running.task);
    if (json != nullptr && json->broken()) return interrupt(running, kLocal);
  }
  return on_end.finish(conclude(running));
}

// The exit code.
int fetch_all(const FetchCommand& command, JsonReport* json) {
  std::optional<ListFile> list;
  if (command.list) list.emplace(*command.list);
  if (list && list->problem()) {
    print_error("", "", *list->problem());
    if (json != nullptr) json->failed({}, *list->problem());
    return exit_code(list->problem()->cause);
  }
  Session session(command.session);
  for (const std::string& note : session.notes()) {
    say("segdl: warning: {}\n", printable(note));
    if (json != nullptr) json->note(note);
  }
  if (!list && command.urls.size() == 1) return fetch_one(session, command, json);
  return Batch(session, command, list ? &*list : nullptr, json).run();
}

}  // namespace

int fetch(const FetchCommand& command) {
  if (command.session.insecure) say("segdl: warning: certificates are not verified (--insecure)\n");
  if (!command.json) return fetch_all(command, nullptr);
  JsonReport json;
  return json.end(json.broken() ? kLocal : fetch_all(command, &json));
}

}  // namespace segdl::cli
