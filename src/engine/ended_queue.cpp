#include "engine/ended_queue.h"

#include <algorithm>

namespace segdl::engine {

void EndedQueue::expect(std::uint64_t id) {
  const MutexLock lock(mutex_);
  running_.insert(id);
}

void EndedQueue::ended(std::uint64_t id, bool more_follow) {
  const MutexLock lock(mutex_);
  if (running_.erase(id) > 0) ended_.push_back(id);  // else forgotten
  if (!more_follow && !ended_.empty()) changed_.notify_all();
}

void EndedQueue::forget(std::uint64_t id) {
  const MutexLock lock(mutex_);
  std::erase(ended_, id);
  if (running_.erase(id) > 0) changed_.notify_all();
}

std::optional<std::uint64_t> EndedQueue::next(std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  const MutexLock lock(mutex_);
  while (ended_.empty()) {
    if (running_.empty() || std::chrono::steady_clock::now() >= until) return std::nullopt;
    changed_.wait_until(mutex_, until);
  }
  const std::uint64_t id = ended_.front();
  ended_.pop_front();
  if (!ended_.empty()) changed_.notify_one();  // another may wait as well
  return id;
}

}  // namespace segdl::engine
