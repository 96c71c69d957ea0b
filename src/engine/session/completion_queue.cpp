#include "engine/session/completion_queue.h"

namespace segdl::engine {

void CompletionQueue::expect(std::uint64_t id) {
  const MutexLock lock(mutex_);
  running_.emplace(id, std::list{id});
}

void CompletionQueue::ended(std::uint64_t id, bool more_follow) {
  const MutexLock lock(mutex_);
  if (const auto found = running_.find(id); found != running_.end()) {  // else forgotten
    ended_.splice(ended_.end(), found->second);
    running_.erase(found);
  }
  if (!more_follow && !ended_.empty()) changed_.notify_all();
}

void CompletionQueue::forget(std::uint64_t id) {
  const MutexLock lock(mutex_);
  std::erase(ended_, id);
  if (running_.erase(id) > 0) changed_.notify_all();
}

std::optional<std::uint64_t> CompletionQueue::next(std::chrono::milliseconds time) {
  const MutexLock lock(mutex_);
  changed_.wait_for(mutex_, time, [this]() SEGDL_REQUIRES(mutex_) { return !ended_.empty() || running_.empty(); });
  if (ended_.empty()) return std::nullopt;
  const std::uint64_t id = ended_.front();
  ended_.pop_front();
  if (!ended_.empty()) changed_.notify_one();  // another may wait as well
  return id;
}

}  // namespace segdl::engine
