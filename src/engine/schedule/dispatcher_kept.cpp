// What the dispatcher keeps of segments that are not whole, and what counts as progress.
#include "engine/schedule/dispatcher.h"

#include <algorithm>
#include <new>
#include <utility>

namespace segdl::engine {

void Dispatcher::keep(Segment segment, Prefix prefix) noexcept {
  const MutexLock lock(mutex_);
  if (scheduler_.states().is_done(segment)) return;
  try {
    raise_mark(segment, prefix.filled);  // from here on it is no news of anybody's
    const auto found = kept_.find(segment);
    if (found == kept_.end() ? kept_.size() >= workers_.size() : found->second.filled >= prefix.filled) return;
    kept_.insert_or_assign(segment, std::move(prefix));
  } catch (const std::bad_alloc&) {  // then it is fetched again
  }
}

Prefix Dispatcher::take_kept(Segment segment, std::uint64_t filled) {
  const MutexLock lock(mutex_);
  const auto found = kept_.find(segment);
  if (found == kept_.end() || found->second.filled <= filled) return {};
  return std::move(kept_.extract(found).mapped());
}

std::uint64_t Dispatcher::gained(WorkerState& worker, std::optional<Segment> at, std::uint64_t filled) {
  const MutexLock lock(mutex_);
  if (at && !scheduler_.states().is_done(*at)) worker.gained_ += raise_mark(*at, filled);
  return std::exchange(worker.gained_, 0);
}

// How far this is beyond what was counted of the segment before.
std::uint64_t Dispatcher::raise_mark(Segment segment, std::uint64_t filled) {
  std::uint64_t& mark = marks_[segment];
  return filled > mark ? filled - std::exchange(mark, filled) : 0;
}

}  // namespace segdl::engine
