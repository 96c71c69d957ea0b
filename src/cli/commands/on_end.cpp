#include "cli/commands/on_end.h"

#include "cli/base/exit_code.h"
#include "cli/base/signals.h"
#include "shared/system_calls.h"

#include <segdl/text.h>

#include <fmt/format.h>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <string_view>
#include <thread>
#include <utility>

namespace segdl::cli {
namespace {

constexpr std::chrono::milliseconds kPace{5};
constexpr const char* kCodeVariable = "SEGDL_EXIT_CODE";

// The environment with the exit code in it, or without.
std::vector<std::string> environment(const std::string& code) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with(fmt::format("{}=", kCodeVariable))) all.emplace_back(*entry);
  }
  if (!code.empty()) all.push_back(fmt::format("{}={}", kCodeVariable, code));
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

// What a command is started with: signals as if segdl had not touched them, and nothing of its standard streams that
// carries data.
class Surroundings {
 public:
  Surroundings() {
    ::posix_spawnattr_init(&attributes_);
    ::sigset_t signals;
    sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    for (const int signal : {SIGPIPE, SIGXFSZ, SIGBUS}) sigaddset(&signals, signal);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, STDERR_FILENO, STDOUT_FILENO);
  }
  ~Surroundings() {
    ::posix_spawnattr_destroy(&attributes_);
    ::posix_spawn_file_actions_destroy(&actions_);
  }
  Surroundings(const Surroundings&) = delete;
  Surroundings& operator=(const Surroundings&) = delete;

  // 0, or an errno.
  int spawn(::pid_t& child, std::vector<std::string>& words, std::vector<std::string>& variables) {
    return ::posix_spawnp(&child, words.front().c_str(), &actions_, &attributes_, pointers(words).data(),
                          pointers(variables).data());
  }

 private:
  ::posix_spawnattr_t attributes_{};
  ::posix_spawn_file_actions_t actions_{};
};

// Nothing if it went well.
std::string end_words(int status) {
  if (WIFSIGNALED(status)) return fmt::format("was killed by signal {}", WTERMSIG(status));
  return WEXITSTATUS(status) == 0 ? "" : fmt::format("exited with code {}", WEXITSTATUS(status));
}

}  // namespace

OnEnd::OnEnd(const FetchCommand& command, std::function<void(const std::string&)> print)
    : command_(command), print_(std::move(print)) {
  // Where it is ignored, which is inherited, the exit status of a child is lost.
  if (!command.on_done.empty() || !command.on_error.empty()) std::signal(SIGCHLD, SIG_DFL);
}

void OnEnd::on_end(const Item& item, const Result<Report>& result) {
  if (result) {
    if (!result->unchanged && !result->skipped) add(command_.on_done, result->output, "");
  } else if (item.owns_output && result.error().cause != Cause::cancelled) {
    add(command_.on_error, item.output, fmt::to_string(exit_code(result.error().cause)));
  }
}

void OnEnd::add(const std::vector<std::string>& words, const std::filesystem::path& output, std::string code) {
  if (words.empty()) return;
  Job job{words, std::move(code)};
  std::string path = output.lexically_normal().string();
  if (path.starts_with('-')) path = fmt::format("./{}", path);  // which no command takes for an option
  job.words.push_back(std::move(path));
  waiting_.push_back(std::move(job));
  look();
}

void OnEnd::start(Job job) {
  std::vector<std::string> variables = environment(job.code);
  ::pid_t child = 0;
  const int error = Surroundings().spawn(child, job.words, variables);
  if (error != 0) return went_wrong(job, fmt::format("failed to start: {}", std::strerror(error)));
  running_.emplace(child, std::move(job));
}

void OnEnd::went_wrong(const Job& job, const std::string& what) {
  failed_ = failed_ || job.code.empty();
  print_(fmt::format("segdl: warning: {} for {}: {} {}\n", job.code.empty() ? "--on-done" : "--on-error",
                     printable(job.words.back()), printable(job.words.front()), what));
}

void OnEnd::look() {
  for (auto job = running_.begin(); job != running_.end();) {
    int status = 0;
    const ::pid_t ended = retried([&] { return ::waitpid(job->first, &status, WNOHANG); });
    if (ended == 0) {
      ++job;
      continue;
    }
    const std::string what = ended < 0 ? "could not be waited for" : end_words(status);
    if (!what.empty()) went_wrong(job->second, what);
    job = running_.erase(job);
  }
  const std::size_t most = std::max(1U, command_.session.jobs);
  while (running_.size() < most && !waiting_.empty()) {
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    start(std::move(job));
  }
}

int OnEnd::finish(int code) {
  for (look(); !running_.empty(); look()) {
    if (stop_asked()) stop_here();
    if (const int signal = pending_signal()) return abandon(code, 128 + signal);
    std::this_thread::sleep_for(kPace);
  }
  return code == 0 && failed_ ? exit_code(Cause::internal) : code;
}

int OnEnd::abandon(int code, int interrupted) {
  look();
  if (running_.empty()) return finish(code);
  const auto done = std::count_if(waiting_.begin(), waiting_.end(), [](const Job& job) { return job.code.empty(); });
  const auto print_count = [this](const char* option, std::ptrdiff_t files) {
    if (files != 0) print_(fmt::format("segdl: {} was not run for {} file{}\n", option, files, files == 1 ? "" : "s"));
  };
  print_count("--on-done", done);
  print_count("--on-error", std::ssize(waiting_) - done);
  return interrupted;
}

}  // namespace segdl::cli
