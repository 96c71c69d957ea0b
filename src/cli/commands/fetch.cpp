#include "cli/commands/fetch.h"

#include "cli/base/exit_code.h"
#include "cli/base/signals.h"
#include "cli/base/streams.h"
#include "cli/commands/on_end.h"
#include "cli/display/console.h"
#include "cli/display/json_report.h"
#include "cli/display/outcome.h"

#include <segdl/batch.h>
#include <segdl/text.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace segdl::cli {
namespace {

// A batch at the command: what it prints, the commands that it runs, and the signals that end it, at none of which it
// waits longer than kPollInterval.
class Fetch final {
 public:
  Fetch(Session& session, const FetchCommand& command, std::unique_ptr<ItemSource> list, JsonReport* json)
      : command_(command),
        json_(json),
        console_(command),
        on_end_(command, [this](const std::string& text) { console_.print(text); }),
        batch_(session, options(std::move(list)), listeners()) {}

  // Until all have ended or a signal came; the exit code.
  int run() {
    while (batch_.step(kPollInterval)) {
      if (const int signal = pending_signal()) return interrupt(128 + signal);
      if (json_ != nullptr && json_->broken()) return interrupt(kLocal);
      on_end_.look();
      console_.show(batch_);
    }
    if (batch_.error()) return exit_code(batch_.error()->cause);
    console_.finish(batch_);
    return on_end_.finish(code());
  }

 private:
  BatchOptions options(std::unique_ptr<ItemSource> list) {
    BatchOptions options;
    options.request = command_.request;
    for (const std::string& url : command_.urls) options.items.push_back({url});
    if (!list && options.items.size() == 1) options.items.front().name = command_.request.output;
    options.more = std::move(list);
    if (command_.checksums) options.checksums = &*command_.checksums;
    options.window = std::max<std::size_t>(options.window, std::size_t{4} * command_.session.jobs);
    if (json_ != nullptr) options.progress_interval = kJsonProgressInterval;
    if (command_.verbose && !command_.quiet) options.progress_interval = std::chrono::milliseconds(1);
    if (command_.to_standard_output) {
      options.request.consumer = [this](std::span<const std::byte> bytes) { return put_data(bytes, stopped_); };
    }
    return options;
  }

  std::vector<Listener*> listeners() {
    std::vector<Listener*> listeners = {&console_, &on_end_};
    if (json_ != nullptr) listeners.insert(listeners.begin(), json_);
    return listeners;
  }

  // That of the first to fail.
  int code() const {
    const auto& failure = batch_.tally().first_failure;
    return failure ? exit_code(*failure) : 0;
  }

  // Every state on disk is safe to be left at any instant, so cancelled downloads are not waited for longer than
  // kCancelGrace, all together, unless one is just being published.
  void wait_for_the_cancelled() {
    const auto until = std::chrono::steady_clock::now() + kCancelGrace;
    while (batch_.unfinished() > 0) {
      auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      if (left.count() <= 0) {
        if (!publishing() || pending_signal() != 0) return;
        left = kPollInterval;
      }
      batch_.step(left);
    }
  }

  bool publishing() const {
    const auto active = batch_.progress().active;
    return !command_.to_standard_output && std::any_of(active.begin(), active.end(), [](const ActiveItem& one) {
      return one.progress.phase == Phase::publishing;
    });
  }

  // The exit code: `interrupted`, or if all had ended before, that of how they ended.
  int interrupt(int interrupted) {
    stopped_ = true;
    if (json_ != nullptr) json_->interrupt(interrupted);
    console_.interrupt(batch_);
    batch_.cancel();
    wait_for_the_cancelled();
    const int ended = on_end_.abandon(code(), interrupted);
    console_.finish(batch_);
    const bool all_taken = batch_.progress().items.has_value();
    if (batch_.unfinished() == 0 && batch_.tally().cancelled == 0 && all_taken) return ended;
    say("{}\n", console_.interrupted_line(batch_));
    if (batch_.unfinished() == 0) return interrupted;
    if (json_ == nullptr) ::_exit(interrupted);
    batch_.abandon();
    ::_exit(json_->end(interrupted));
  }

  const FetchCommand& command_;
  JsonReport* json_;                  // or null
  std::atomic<bool> stopped_{false};  // standard output is waited for no longer
  Console console_;
  OnEnd on_end_;
  Batch batch_;
};

// The exit code.
int fetch_all(const FetchCommand& command, JsonReport* json) {
  std::unique_ptr<ItemSource> list;
  if (command.list) {
    auto opened = open_list(*command.list);
    if (!opened) {
      print_error("", "", opened.error());
      if (json != nullptr) json->on_end({}, opened.error());
      return exit_code(opened.error().cause);
    }
    list = std::move(*opened);
  }
  Session session(command.session);
  for (const std::string& note : session.notes()) {
    say("segdl: warning: {}\n", printable(note));
    if (json != nullptr) json->note(note);
  }
  return Fetch(session, command, std::move(list), json).run();
}

}  // namespace

int fetch(const FetchCommand& command) {
  if (command.session.insecure) say("segdl: warning: certificates are not verified (--insecure)\n");
  if (!command.json) return fetch_all(command, nullptr);
  JsonReport json(command);
  return json.end(json.broken() ? kLocal : fetch_all(command, &json));
}

}  // namespace segdl::cli
