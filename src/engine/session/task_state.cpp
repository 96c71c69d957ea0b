#include "engine/session/task_state.h"

#include "core/base/errors.h"
#include "engine/base/threads.h"
#include "engine/session/session_state.h"
#include "engine/task/transfer.h"

#include <exception>
#include <new>
#include <utility>

namespace segdl {

Task::Task(std::unique_ptr<engine::TaskState> state) : state_(std::move(state)) {}
Task::Task(Task&&) noexcept = default;
Task& Task::operator=(Task&&) noexcept = default;
Task::~Task() = default;  // TaskState cancels and waits

std::uint64_t Task::id() const { return state_->id; }

const Result<Report>& Task::wait() {
  while (!wait_for(std::chrono::hours(1))) {
  }
  const engine::MutexLock lock(state_->mutex);
  return *state_->result;  // never changed once set
}

bool Task::wait_for(std::chrono::milliseconds time) {
  const engine::MutexLock lock(state_->mutex);
  return state_->ended.wait_for(state_->mutex, time,
                                [this]() SEGDL_REQUIRES(state_->mutex) { return state_->result.has_value(); });
}

void Task::suspend() { state_->suspend(); }

void Task::resume() { state_->resume(); }

void Task::cancel() { state_->cancel(); }

void Task::set_priority(int priority) { state_->set_priority(priority); }

Progress Task::progress() const { return state_->task_progress.progress(); }

std::vector<Event> Task::take_events() { return state_->task_progress.take_events(); }

SegmentMap Task::map(std::size_t cells) const { return state_->task_progress.segments().map(cells); }

namespace engine {

TaskState::TaskState(SessionState& session_, Request request, Url url_, std::string name)
    : session(session_),
      id(session_.next_id++),
      url(std::move(url_)),
      task_progress(request.events ? session_.clock.get() : nullptr),
      context_{session_.env(),    session_.options,     session_.pool,
               session_.throttle, session_.directories, session_.secrets},
      priority_(request.priority),
      request_(std::move(request)),
      lasting_{.name = std::move(name)} {
  task_progress.set_output(request_.directory / lasting_.name);
  session.ended.expect(id);
}

TaskState::~TaskState() {
  cancel();
  {
    const MutexLock lock(mutex);
    while (!result) ended.wait(mutex, {});
  }
  session.ended.forget(id);
}

void TaskState::start() {
  const MutexLock lock(mutex);
  wants_rest_ = request_.start_suspended;
  wants_rest_ ? task_progress.enter(Phase::suspended) : queue();
}

void TaskState::queue() {
  state_ = State::queued;
  task_progress.enter(Phase::queued);
  try {
    session.pool.submit(place(), url.origin, [this](Slot slot) { return run(std::move(slot)); });
  } catch (const std::bad_alloc& exception) {
    end(error_of(exception, "download"));
  }
}

void TaskState::suspend() {
  std::stop_source stop(std::nostopstate);
  {
    const MutexLock lock(mutex);
    if (state_ == State::ended || std::exchange(wants_rest_, true)) return;
    if (state_ == State::queued && session.pool.withdraw(place())) {
      state_ = State::suspended;
      task_progress.enter(Phase::suspended);
    } else {
      stop = stop_;
    }
  }
  stop.request_stop();  // without the lock: it runs what waits with it
}

void TaskState::resume() {
  const MutexLock lock(mutex);
  if (!std::exchange(wants_rest_, false) || state_ != State::suspended) return;
  queue();
}

void TaskState::cancel() {
  std::stop_source stop(std::nostopstate);
  Lasting unneeded;  // closed without the lock
  {
    const MutexLock lock(mutex);
    if (state_ == State::ended) return;
    lasting_.end.request_stop();  // with the lock: what is about to be suspended ends instead
    stop = stop_;
    const bool withdrawn = state_ == State::queued && session.pool.withdraw(place());
    if (withdrawn || state_ == State::suspended) {
      unneeded.stream = std::move(lasting_.stream);
      unneeded.delivered = std::move(lasting_.delivered);
      return end(cancelled());
    }
  }
  stop.request_stop();
}

void TaskState::set_priority(int priority) {
  const MutexLock lock(mutex);
  const bool queued = state_ == State::queued && session.pool.withdraw(place());
  priority_ = priority;
  if (queued) queue();
}

// What it returns of the slot is used for the next download.
Slot TaskState::run(Slot slot) {
  std::stop_token token;
  {
    const MutexLock lock(mutex);
    state_ = State::running;
    token = stop_.get_token();
  }
  const Instant begun = context_.env.clock.now();
  task_progress.enter(Phase::starting);
  try {
    auto outcome = Transfer(context_, {request_, url, lasting_}, task_progress, token).run(slot);
    if (!outcome && is_suspended(outcome.error(), begun)) return slot;
    lasting_.stream.reset();  // its reader learns of the end before who waits for the task
    lasting_.delivered.reset();
    if (!outcome || !outcome->unpublished) {
      finish(outcome ? Result<Report>(std::move(outcome->report)) : std::move(outcome).error());
      return slot;
    }
    task_progress.enter(Phase::publishing);
    session.publisher.submit({std::move(outcome->output_file), std::move(outcome->unpublished), request_.sync,
                              [this, report = std::move(outcome->report)](Result<void> published, bool more) mutable {
                                finish(published ? Result<Report>(std::move(report)) : std::move(published).error(),
                                       more);
                              }});
  } catch (const std::exception& exception) {  // the entry of a thread: out of memory, or a bug
    finish(error_of(exception, "download"));
  }
  return slot;
}

// Whether that is why what ran has ended. If so, it is the last thing that is done with this object, as finish() is;
// and if it has been resumed meanwhile, it is queued.
bool TaskState::is_suspended(const Error& error, Instant begun) {
  const MutexLock lock(mutex);
  const bool ends = lasting_.end.stop_requested() || (lasting_.delivered && lasting_.delivered->refused);
  if (error.cause != Cause::cancelled || ends || !stop_.stop_requested()) return false;
  lasting_.active += context_.env.clock.now() - begun;
  request_.resume = request_.resume || lasting_.begun;
  stop_ = std::stop_source();
  state_ = State::suspended;
  task_progress.enter(Phase::suspended);
  if (!wants_rest_) queue();
  return true;
}

void TaskState::finish(Result<Report> outcome, bool more_follow) {
  const MutexLock lock(mutex);
  end(std::move(outcome), more_follow);
}

// The last thing that is done with this object: a waiting thread may destroy it. Allocates nothing.
void TaskState::end(Result<Report> outcome, bool more_follow) {
  state_ = State::ended;
  task_progress.enter(Phase::ended);
  result = std::move(outcome);
  ended.notify_all();
  session.ended.ended(id, more_follow);
}

}  // namespace engine
}  // namespace segdl
