#include "cli/fetch.h"

#include "cli/exit_code.h"
#include "cli/show.h"
#include "cli/streams.h"

#include <segdl/session.h>
#include <segdl/status.h>
#include <segdl/text.h>

#include <fmt/format.h>

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace segdl::cli {
namespace {

constexpr std::chrono::milliseconds kLook{40};       // how often signals and progress are looked at
constexpr std::chrono::milliseconds kPatience{110};  // how long a cancelled download may take to end by itself

::sigset_t ending_signals() {
  ::sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  struct ::sigaction hang_up {};
  // nohup ignores it, and means it.
  if (::sigaction(SIGHUP, nullptr, &hang_up) == 0 && hang_up.sa_handler != SIG_IGN) sigaddset(&set, SIGHUP);
  return set;
}

// A signal that has arrived, or 0.
int pending_signal() {
  const ::sigset_t set = ending_signals();
  const ::timespec now{};
  const int signal = ::sigtimedwait(&set, nullptr, &now);
  return signal > 0 ? signal : 0;
}

extern "C" void on_bus_error(int) {
  // Somebody shortened the journal under its mapping. Only async-signal-safe calls here.
  constexpr char kLine[] = "segdl: the journal file was cut short by another program; run the same command again\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kLine, sizeof kLine - 1);
  ::_exit(kLocal);
}

// What is kept is what the journal says, not what was on its way.
std::string interrupted_line(const Progress& progress) {
  const auto kept = segdl::status(progress.output);
  if (!kept || kept->state != DownloadStatus::State::interrupted || kept->claimed == 0) {
    return "segdl: interrupted: run the same command to start again";
  }
  return fmt::format("segdl: interrupted; {} of {} kept: run the same command to continue", size_words(kept->claimed),
                     size_words(kept->total.value_or(0)));
}

void print_error(const std::string& url, const Error& error) {
  const std::string shown = redacted_url(url);
  const std::string message = error.message();
  const bool named = message.find(shown) != std::string::npos;
  say("segdl: {}{}{}\n", named ? "" : shown, named ? "" : ": ", message);
  if (!error.way_out.empty()) say("       {}\n", printable(error.way_out));
  if (error.resumable && error.way_out.empty()) {
    say("       what has arrived is kept: run the same command to continue\n");
  }
}

struct Outcome {
  int code = 0;
  int signal = 0;
};

// Says how it ended; the exit code. REQUIRES: it has ended.
int conclude(Task& task, const std::string& url, const FetchCommand& command, ProgressDisplay& display) {
  display.clear();
  const Result<Report>& result = task.wait();
  if (!result) {
    print_error(url, result.error());
    return exit_code(result.error().cause);
  }
  if (command.quiet) return 0;
  for (const std::string& note : result->notes) {
    if (!display.has_told(note)) say("segdl: {}\n", printable(note));
  }
  say("{}\n", report_line(*result));
  return 0;
}

// After a signal: the download gets a moment to end by itself. Every state on disk is safe to be left at any instant,
// so it is not waited for longer, unless it is just being published.
// Empty if it has ended otherwise: it was done or had failed before the signal came.
std::optional<Outcome> interrupt(Task& task, int signal, ProgressDisplay& display) {
  task.cancel();
  bool ended = task.wait_for(kPatience);
  while (!ended && task.progress().phase == Phase::publishing && pending_signal() == 0) ended = task.wait_for(kLook);
  if (ended && (task.wait().ok() || task.wait().error().cause != Cause::cancelled)) return std::nullopt;
  display.clear();
  say("{}\n", interrupted_line(task.progress()));
  if (!ended) ::_exit(128 + signal);
  return Outcome{128 + signal, signal};
}

Outcome fetch_one(Session& session, const FetchCommand& command, const std::string& url) {
  Request request = command.request;
  request.url = url;
  auto started = session.download(std::move(request));
  if (!started) {
    print_error(url, started.error());
    return {exit_code(started.error().cause)};
  }
  Task task = std::move(*started);
  ProgressDisplay display(task.progress().output.filename().string(), command.quiet, command.verbose);
  while (!task.wait_for(kLook)) {
    display.update(task.progress());
    if (const int signal = pending_signal()) {
      const auto interrupted = interrupt(task, signal, display);
      return interrupted ? *interrupted : Outcome{conclude(task, url, command, display), signal};
    }
  }
  return {conclude(task, url, command, display)};
}

}  // namespace

void watch_signals() {
  const ::sigset_t set = ending_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGBUS, on_bus_error);
}

int fetch(const FetchCommand& command) {
  if (command.session.insecure) say("segdl: warning: certificates are not checked (--insecure)\n");
  Session session(command.session);
  std::vector<std::string> failed;
  int code = 0;
  int signal = 0;
  for (const std::string& url : command.urls) {
    const Outcome outcome = signal == 0 ? fetch_one(session, command, url) : Outcome{128 + signal, signal};
    if (outcome.code != 0) failed.push_back(url);
    if (code == 0 || outcome.code > 128) code = outcome.code;  // to be interrupted outranks what failed before
    signal = outcome.signal;
  }
  if (command.urls.size() > 1 && !failed.empty()) {
    say("segdl: {} of {} failed:\n", failed.size(), command.urls.size());
    for (const std::string& url : failed) say("       {}\n", redacted_url(url));
  }
  return code;
}

}  // namespace segdl::cli
