#include "engine/schedule/dispatcher.h"

#include "engine/base/threads.h"
#include "engine/schedule/worker.h"

#include <algorithm>
#include <new>

namespace segdl::engine {

Dispatcher::Dispatcher(Layout layout, const std::vector<bool>& claims, Clock& clock,
                       std::function<void()> request_workers)
    : clock_(clock), request_workers_(std::move(request_workers)), scheduler_(layout, claims) {}

void Dispatcher::proved(Segment segment) {
  if (settled_) settled_(segment);
  {
    const MutexLock lock(mutex_);
    scheduler_.proved(segment);
    if (!over()) return;
    changed_.notify_all();
  }
  stop_all_workers();
}

void Dispatcher::revoked(Segment segment) {
  {
    const MutexLock lock(mutex_);
    scheduler_.revoked(segment);
    wake();
  }
  request_workers_();
}

void Dispatcher::unsure(const std::vector<Segment>& segments, std::optional<Error> contradiction) {
  std::optional<Error> ends_it;
  {
    const MutexLock lock(mutex_);
    ends_it = unmeasured_.add(segments, std::move(contradiction));
  }
  if (ends_it) fail(*std::move(ends_it));
}

void Dispatcher::fail(Error error) {
  {
    const MutexLock lock(mutex_);
    if (!first_error_) first_error_ = std::move(error);
    changed_.notify_all();
  }
  stop_all_workers();
}

bool Dispatcher::may_fall_to(WorkerId worker, Segment segment) const {
  return read_ahead_.is_by(worker) &&
         std::any_of(workers_.begin(), workers_.end(), [&](const Worker* other) SEGDL_REQUIRES(mutex_) {
           return other != nullptr && other->assignment_.awaits_body() &&
                  scheduler_.held(other->id()).begin > index(segment);
         });
}

// Of destructors: throws nothing.
std::optional<Error> Dispatcher::give_back(WorkerId worker) {
  try {
    scheduler_.release(worker);
    return std::nullopt;
  } catch (const std::bad_alloc& exception) {  // what it held is out of the others' reach
    return error_of(exception, "");
  }
}

// One that has left without memory to give back what it held stops nothing.
std::stop_source Dispatcher::cut_of(WorkerId id) const {
  const Worker* worker = workers_[index(id)];
  return worker != nullptr ? worker->flow_.cut() : std::stop_source(std::nostopstate);
}

std::optional<std::stop_source> Dispatcher::next_to_stop() const {
  const MutexLock lock(mutex_);
  for (const Worker* worker : workers_) {
    if (worker != nullptr && !worker->flow_.token().stop_requested()) return worker->flow_.cut();
  }
  return std::nullopt;
}

// One after the other, without a list of them: this is how a download ends for which there is no more memory. No worker
// gets a new token once it is over.
void Dispatcher::stop_all_workers() const {
  while (auto source = next_to_stop()) source->request_stop();
}

void Dispatcher::measure(Worker& worker, Instant now, double elapsed) {
  constexpr double kNewWeight = 0.3;  // of the latest speed in the smoothed one
  Assignment& work = worker.assignment_;
  const std::uint64_t received = worker.flow_.received();
  const std::uint64_t came = received - work.counted_;
  work.counted_ = received;
  const bool writing = work.writing;
  if (writing || came > 0) work.last_byte_ = now;
  if (writing) return;
  const double latest = static_cast<double>(came) / elapsed;
  work.speed_ = work.speed_ == 0 ? latest : kNewWeight * latest + (1 - kNewWeight) * work.speed_;
  const double silent = std::chrono::duration<double>(now - work.last_byte_).count();
  const bool awaits_answer = work.speed_ == 0 && silent <= 1;  // which is no measure of its speed
  if (!scheduler_.held(worker.id()).empty() && !awaits_answer) {
    scheduler_.measured(worker.id(), seconds(now), silent > 1 ? 0 : work.speed_, work.filled);
  }
}

std::vector<std::stop_source> Dispatcher::judge(Instant now) {
  std::vector<Pace> paces;
  for (const Worker* worker : workers_) {
    if (worker == nullptr || worker->idle_ || scheduler_.held(worker->id()).empty()) continue;
    const Assignment& work = worker->assignment_;
    paces.push_back({worker->id(), work.speed_, std::chrono::duration<double>(now - work.last_byte_).count()});
  }
  std::vector<std::stop_source> cut;
  for (const WorkerId worker : stragglers_.judge(seconds(now), paces)) cut.push_back(cut_of(worker));
  return cut;
}

void Dispatcher::tick(Instant now) {
  std::vector<std::stop_source> cut;
  bool wanted = false;
  {
    const MutexLock lock(mutex_);
    const double elapsed = std::chrono::duration<double>(now - last_tick_).count();
    if (over() || elapsed <= 0) return;
    last_tick_ = now;
    for (Worker* worker : workers_) {
      if (worker != nullptr && !worker->idle_) measure(*worker, now, elapsed);
    }
    cut = judge(now);
    wanted = has_missing() || scheduler_.states().held() > 0;
    if (wanted) wake();
  }
  for (std::stop_source& source : cut) source.request_stop();
  if (wanted) request_workers_();
}

}  // namespace segdl::engine
