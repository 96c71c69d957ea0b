// What a download's workers are to one another: whether a failure is one worker's, or the download's.
//
// Of several that fail together one is the last, which waits and tries again, or ends the download; the others leave
// their work to it. Each may take another for the last one only while that is at work, so who is about to leave is not.
#include "engine/schedule/dispatcher.h"

#include <algorithm>
#include <utility>

namespace segdl::engine {

bool Dispatcher::others_busy(const WorkerState& worker) const {
  return std::any_of(workers_.begin(), workers_.end(), [&](const WorkerState& other) SEGDL_REQUIRES(mutex_) {
    const bool reads = other.at_ == WorkerState::At::response;
    const bool fetches = reads || other.keeps_ || !scheduler_.held(other.worker_).empty();
    return &other != &worker && other.at_work_ && !other.gives_up_ && fetches;
  });
}

bool Dispatcher::others_at_work(const WorkerState& worker) const {
  const MutexLock lock(mutex_);
  return others_busy(worker);
}

bool Dispatcher::others_served(const WorkerState& worker) const {
  return std::any_of(workers_.begin(), workers_.end(),
                     [&](const WorkerState& other) { return &other != &worker && other.at_work_ && other.served_; });
}

bool Dispatcher::be_served(WorkerState& worker, bool alone) {
  {
    const MutexLock lock(mutex_);
    if (alone && others_served(worker)) return false;
    worker.served_ = true;
    if (!std::exchange(first_, std::nullopt)) return true;
  }
  request_workers_();
  return true;
}

void Dispatcher::not_served(WorkerState& worker) {
  const MutexLock lock(mutex_);
  worker.served_ = false;
}

void Dispatcher::keeps(WorkerState& worker, bool one) {
  const MutexLock lock(mutex_);
  worker.keeps_ = one;
}

void Dispatcher::goes_first(const WorkerState& worker) {
  const MutexLock lock(mutex_);
  first_ = worker.worker_;
}

Dispatcher::Others Dispatcher::failed(WorkerState& worker, bool goes_on) {
  const MutexLock lock(mutex_);
  worker.served_ = worker.keeps_ = false;
  const Others others{others_served(worker), others_busy(worker)};
  worker.gives_up_ = !goes_on && others.at_work;
  return others;
}

bool Dispatcher::serves_others(const WorkerState& worker) const {
  const MutexLock lock(mutex_);
  return others_served(worker);
}

}  // namespace segdl::engine
