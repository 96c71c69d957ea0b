// What a Task is made of: one download in its session, as a state after the other.
//
//   download() ──> queued ──> running ──> ended
//                    ^  │        │          ^
//           resume() │  v        v          │
//                 suspended <────┘──────────┘ cancel()
//
// A suspended task uses nothing of its session. What runs is a Transfer from the lock of its files on, each time a new
// one: a suspension is the end of it that a stop request is, and what it leaves on disk is found as after a failure.
#pragma once

#include <segdl/session.h>
#include <segdl/task.h>

#include "core/url/url.h"
#include "engine/base/monitor.h"
#include "engine/progress/task_progress.h"
#include "engine/schedule/pool.h"
#include "engine/task/lasting.h"
#include "engine/task/task_context.h"

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

namespace segdl::engine {

struct SessionState;

struct TaskState {
  TaskState(SessionState&, Request, Url, std::string name);
  ~TaskState();  // cancels, and waits for the end
  TaskState(const TaskState&) = delete;
  TaskState& operator=(const TaskState&) = delete;

  SessionState& session;
  const std::uint64_t id;
  const Url url;
  TaskProgress task_progress;

  Mutex mutex;
  Condition ended;
  std::optional<Result<Report>> result SEGDL_GUARDED_BY(mutex);

  void start();
  void suspend();
  void resume();
  void cancel();
  void set_priority(int);

 private:
  enum class State : std::uint8_t { queued, running, suspended, ended };

  Place place() const SEGDL_REQUIRES(mutex) { return {TaskId{id}, priority_}; }
  void queue() SEGDL_REQUIRES(mutex);
  Slot run(Slot);
  bool is_suspended(const Error&, Instant begun);
  void finish(Result<Report>, bool more_follow = false);
  void end(Result<Report>, bool more_follow = false) SEGDL_REQUIRES(mutex);

  const SessionContext context_;
  State state_ SEGDL_GUARDED_BY(mutex) = State::suspended;
  int priority_ SEGDL_GUARDED_BY(mutex);
  bool wants_rest_ SEGDL_GUARDED_BY(mutex) = false;  // it is suspended, or about to be
  std::stop_source stop_ SEGDL_GUARDED_BY(mutex);    // of what runs
  Request request_;                                  // of who runs it, and so is the next
  Lasting lasting_;
};

}  // namespace segdl::engine
