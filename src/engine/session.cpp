#include <segdl/session.h>

#include "core/ascii.h"
#include "core/file_name.h"
#include "core/layout.h"
#include "engine/errors.h"
#include "engine/session_state.h"
#include "engine/transfer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <string_view>
#include <utility>

namespace segdl {
namespace {

using engine::make_error;
using engine::with_way_out;

// Fields that belong to the transport or to the way ranges are joined.
constexpr std::array<std::string_view, 12> kOwnFields = {
    "Range",          "If-Range", "Host",    "Connection", "Keep-Alive",      "Transfer-Encoding",
    "Content-Length", "TE",       "Trailer", "Upgrade",    "Accept-Encoding", "Expect"};

bool has_controls(std::string_view value) {
  return std::any_of(value.begin(), value.end(),
                     [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

Result<void> check_headers(const std::vector<Header>& headers) {
  for (const Header& header : headers) {
    if (!is_token(header.name)) {
      return make_error(Cause::usage, Remedy::stop, "send header", "", "its name is not a valid field name");
    }
    if (has_controls(header.value)) {
      return make_error(Cause::usage, Remedy::stop, "send header", header.name, "its value has control characters");
    }
    for (const std::string_view own : kOwnFields) {
      if (same_text(header.name, own)) {
        return make_error(Cause::usage, Remedy::stop, "send header", header.name, "segdl sets this field itself");
      }
    }
  }
  return {};
}

Result<std::string> output_name(const Request& request, const Url& url) {
  if (request.output.empty()) return safe_name(last_component(url));
  const std::string& name = request.output;
  if (name == "." || name == ".." || name.find('/') != std::string::npos || name.find('\0') != std::string::npos) {
    return make_error(Cause::usage, Remedy::stop, "write to", name, "it is not the name of a file");
  }
  return name;
}

}  // namespace

Session::Session(std::unique_ptr<engine::SessionState> state) : state_(std::move(state)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<Task> Session::download(Request request) {
  if (state_->broken) return *state_->broken;
  auto url = parse_url(request.url);
  if (!url) return std::move(url).error();
  auto headers = check_headers(request.headers);
  if (!headers) return std::move(headers).error();
  if (has_controls(state_->options.user_agent)) {
    return make_error(Cause::usage, Remedy::stop, "send header", "User-Agent", "its value has control characters");
  }
  if (request.segment_size != 0 && !Layout::valid_segment_size(request.segment_size)) {
    return with_way_out(make_error(Cause::usage, Remedy::stop, "use segment size", fmt::to_string(request.segment_size),
                                   "it must be a power of two from 16 KiB to 16 MiB"),
                        "leave it out to have it chosen");
  }
  auto name = output_name(request, *url);
  if (!name) return std::move(name).error();
  auto state = std::make_unique<engine::TaskState>(state_->env(), state_->options, std::move(request), std::move(*url),
                                                   std::move(*name));
  engine::TaskState* running = state.get();
  running->worker = std::jthread([running](std::stop_token stop) { running->run(stop); });
  return Task(std::move(state));
}

Result<Report> download(Request request, SessionOptions options) {
  Session session(std::move(options));
  auto task = session.download(std::move(request));
  if (!task) return std::move(task).error();
  return task->wait();
}

Task::Task(std::unique_ptr<engine::TaskState> state) : state_(std::move(state)) {}
Task::Task(Task&&) noexcept = default;
Task& Task::operator=(Task&&) noexcept = default;
Task::~Task() = default;  // the worker's jthread asks it to stop and waits

const Result<Report>& Task::wait() {
  while (!wait_for(std::chrono::hours(1))) {
  }
  const engine::MutexLock lock(state_->mutex);
  return *state_->result;  // never changed once set
}

bool Task::wait_for(std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  const engine::MutexLock lock(state_->mutex);
  while (!state_->result) {
    if (!state_->ended.wait_until(state_->mutex, until)) return state_->result.has_value();
  }
  return true;
}

void Task::cancel() { state_->worker.request_stop(); }

Progress Task::progress() const { return state_->meter.progress(); }

namespace engine {

TaskState::TaskState(Env env_, SessionOptions options_, Request request_, Url url_, std::string name_)
    : env(env_),
      options(std::move(options_)),
      request(std::move(request_)),
      url(std::move(url_)),
      name(std::move(name_)) {
  meter.set_output(request.directory / name);
}

void TaskState::run(std::stop_token stop) {
  std::optional<Result<Report>> outcome;
  try {
    outcome = Transfer(env, request, options, url, name, meter).run(stop);
  } catch (const std::exception& exception) {  // the entry of a thread: out of memory, or a bug
    outcome = make_error(Cause::internal, Remedy::stop, "download", name, exception.what());
  }
  meter.enter(Phase::ended);
  const MutexLock lock(mutex);
  result = std::move(outcome);
  ended.notify_all();
}

}  // namespace engine
}  // namespace segdl
