#include "cli/fetch.h"

#include "cli/exit_code.h"
#include "cli/show.h"

#include <segdl/session.h>
#include <segdl/text.h>

#include <fmt/format.h>

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <ctime>
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
  sigaddset(&set, SIGHUP);
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

std::string interrupted_line(const Progress& progress, bool resumable) {
  std::string line = "segdl: interrupted";
  if (progress.total && resumable) {
    line += fmt::format("; {} of {} kept", size_words(progress.done), size_words(*progress.total));
  }
  return line + (resumable ? ": run the same command to continue" : ": run the same command to start again");
}

void print_error(const std::string& url, const Error& error) {
  const std::string shown = redacted_url(url);
  const std::string message = error.message();
  const bool named = message.find(shown) != std::string::npos;
  fmt::print(stderr, "segdl: {}{}{}\n", named ? "" : shown, named ? "" : ": ", message);
  if (!error.way_out.empty()) fmt::print(stderr, "       {}\n", printable(error.way_out));
  if (error.resumable && error.way_out.empty()) {
    fmt::print(stderr, "       what has arrived is kept: run the same command to continue\n");
  }
}

struct Outcome {
  int code = 0;
  int signal = 0;
};

// After a signal: the download gets a moment to end by itself. Every state on disk is safe to be left at any instant,
// so it is not waited for longer, unless it is just being published.
Outcome interrupt(Task& task, int signal, ProgressDisplay& display) {
  task.cancel();
  bool ended = task.wait_for(kPatience);
  while (!ended && task.progress().phase == Phase::publishing && pending_signal() == 0) ended = task.wait_for(kLook);
  display.clear();
  if (ended && task.wait().ok()) return {0, signal};  // it was too late to interrupt it
  const bool resumable = ended ? task.wait().error().resumable : task.progress().total.has_value();
  fmt::print(stderr, "{}\n", interrupted_line(task.progress(), resumable));
  if (!ended) ::_exit(128 + signal);
  return {128 + signal, signal};
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
  ProgressDisplay display(command.request.output.empty() ? redacted_url(url) : command.request.output, command.quiet,
                          command.verbose);
  while (!task.wait_for(kLook)) {
    display.update(task.progress());
    if (const int signal = pending_signal()) return interrupt(task, signal, display);
  }
  display.clear();
  const Result<Report>& result = task.wait();
  if (!result) {
    print_error(url, result.error());
    return {exit_code(result.error().cause)};
  }
  if (!command.quiet) {
    for (const std::string& note : result->notes) {
      if (!command.verbose) fmt::print(stderr, "segdl: {}\n", printable(note));
    }
    fmt::print(stderr, "{}\n", report_line(*result));
  }
  return {};
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
  if (command.session.insecure) fmt::print(stderr, "segdl: warning: certificates are not checked (--insecure)\n");
  Session session(command.session);
  std::vector<std::string> failed;
  int code = 0;
  for (const std::string& url : command.urls) {
    const Outcome outcome = fetch_one(session, command, url);
    if (outcome.code != 0) failed.push_back(url);
    if (code == 0) code = outcome.code;
    if (outcome.signal != 0) return outcome.code != 0 ? outcome.code : 128 + outcome.signal;
  }
  if (command.urls.size() > 1 && !failed.empty()) {
    fmt::print(stderr, "segdl: {} of {} failed:\n", failed.size(), command.urls.size());
    for (const std::string& url : failed) fmt::print(stderr, "       {}\n", redacted_url(url));
  }
  return code;
}

}  // namespace segdl::cli
