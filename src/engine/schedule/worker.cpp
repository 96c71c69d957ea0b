#include "engine/schedule/worker.h"

#include <algorithm>
#include <utility>

namespace segdl::engine {

Worker::Worker(Dispatcher& dispatcher, Flow& flow)
    : dispatcher_(dispatcher), flow_(flow), assignment_(dispatcher, flow) {
  bool is_over = false;
  {
    const MutexLock lock(dispatcher_.mutex_);
    auto& workers = dispatcher_.workers_;
    auto place = std::find(workers.begin(), workers.end(), nullptr);
    if (place == workers.end()) place = workers.insert(place, nullptr);
    *place = this;
    assignment_.id_ = WorkerId{static_cast<std::uint32_t>(place - workers.begin())};
    is_over = dispatcher_.over();
  }
  if (is_over) flow_.cut().request_stop();
}

Worker::~Worker() {
  bool wanted = false;
  std::optional<Error> lost;
  {
    const MutexLock lock(dispatcher_.mutex_);
    const bool held = !dispatcher_.scheduler_.held(id()).empty();
    lost = dispatcher_.give_back(id());
    dispatcher_.read_ahead_.end(id());
    dispatcher_.workers_[index(id())] = nullptr;
    wanted = held && !dispatcher_.over();
    if (wanted) dispatcher_.wake();
  }
  if (lost) {
    dispatcher_.fail(std::move(*lost));
  } else if (wanted) {
    dispatcher_.request_workers_();
  }
}

bool Worker::wait() {
  const MutexLock lock(dispatcher_.mutex_);
  const std::uint64_t before = dispatcher_.wakeups_;
  idle_ = true;
  served_ = false;
  assignment_.at_ = Assignment::At::rest;
  dispatcher_.read_ahead_.end(id());
  while (!dispatcher_.over() && dispatcher_.wakeups_ == before && !dispatcher_.has_missing()) {
    dispatcher_.changed_.wait(dispatcher_.mutex_, {});
  }
  idle_ = false;
  if (!dispatcher_.over()) flow_.renew();
  return !dispatcher_.over();
}

bool Worker::renew() {
  const MutexLock lock(dispatcher_.mutex_);
  if (dispatcher_.over()) return false;
  flow_.renew();
  assignment_.last_byte_ = dispatcher_.clock_.now();
  assignment_.speed_ = 0;
  return !flow_.token().stop_requested();
}

bool Worker::be_served(bool alone) {
  {
    const MutexLock lock(dispatcher_.mutex_);
    if (alone && others_served()) return false;
    served_ = true;
    if (!std::exchange(dispatcher_.first_, std::nullopt)) return true;
  }
  dispatcher_.request_workers_();
  return true;
}

Worker::Others Worker::failed(bool goes_on) {
  const MutexLock lock(dispatcher_.mutex_);
  served_ = assignment_.keeps_ = false;
  const Others others{others_served(), others_busy()};
  assignment_.gives_up_ = !goes_on && others.at_work;
  return others;
}

bool Worker::others_served() const {
  return std::any_of(dispatcher_.workers_.begin(), dispatcher_.workers_.end(),
                     [this](const Worker* other) { return other != this && other != nullptr && other->served_; });
}

bool Worker::others_busy() const {
  return std::any_of(dispatcher_.workers_.begin(), dispatcher_.workers_.end(),
                     [this](const Worker* other) SEGDL_REQUIRES(dispatcher_.mutex_) {
                       return other != this && other != nullptr && other->assignment_.is_busy(dispatcher_.scheduler_);
                     });
}

}  // namespace segdl::engine
