// Which part of what is missing the dispatcher gives to whom.
//
// In file order, so that the file grows behind a nearly contiguous front. But while one reads ahead, the reader, what
// lies before it is left to it for as long as there is anything else:
//
//   RRRR..............4443332222|5556    first behind the reserve, in file order (most files have nothing
//        --->      <---         |        there), then from its end backwards
//
// So the reader comes to another's part when all is given, and its response, which may be the last one that the server
// gives, is closed no sooner. The reserve is bounded, as a checksum is computed in file order.
#include "engine/schedule/dispatcher.h"

#include <algorithm>

namespace segdl::engine {

void Dispatcher::reads_ahead(const WorkerState& worker, std::uint64_t reserve) {
  const MutexLock lock(mutex_);
  if (reader_ && *reader_ != worker.worker_) return;
  const std::uint32_t count = scheduler_.states().layout().count();
  const std::uint32_t first = scheduler_.states().missing().next(0).value_or(count);
  const std::uint64_t most = reserve / scheduler_.states().layout().segment_size();
  reader_ = worker.worker_;
  reserve_end_ = Segment{first + static_cast<std::uint32_t>(std::min<std::uint64_t>(count - first, most))};
}

void Dispatcher::reads_no_more(const WorkerState& worker) {
  if (reader_ == worker.worker_) reader_.reset();
}

bool Dispatcher::may_fall_to(const WorkerState& worker, Segment segment) const {
  return reader_ == worker.worker_ &&
         std::any_of(workers_.begin(), workers_.end(), [&](const WorkerState& other) SEGDL_REQUIRES(mutex_) {
           return other.awaits_body() && scheduler_.held(other.worker_).begin > index(segment);
         });
}

bool Dispatcher::is_asked_for_behind(const WorkerState& worker, Segment segment) const {
  const MutexLock lock(mutex_);
  return may_fall_to(worker, segment);
}

bool Dispatcher::may_come_to(const WorkerState& worker, Segment segment) const {
  const MutexLock lock(mutex_);
  return !scheduler_.states().missing().empty() || may_fall_to(worker, segment);
}

std::optional<Span> Dispatcher::grant(const WorkerState& worker, std::uint64_t limit, double now, double speed) {
  const bool gives_way = reader_ && *reader_ != worker.worker_;
  const IntervalSet& missing = scheduler_.states().missing();
  if (const auto first = missing.next(gives_way ? index(reserve_end_) : 0)) {
    return scheduler_.grant(Segment{*first}, worker.worker_, {up_to_kept(Segment{*first}, limit), now, speed});
  }
  const Span last = gives_way ? missing.last_below(index(reserve_end_)) : Span{};
  if (last.empty()) return std::nullopt;
  const std::uint64_t most = std::max<std::uint64_t>(1, limit / scheduler_.states().layout().segment_size());
  Segment begin{last.end - static_cast<std::uint32_t>(std::min<std::uint64_t>(most, last.end - last.begin))};
  const auto behind = kept_.lower_bound(Segment{last.end});
  if (behind != kept_.begin()) begin = std::max(begin, std::prev(behind)->first);
  return scheduler_.grant(begin, worker.worker_, {limit, now, speed});
}

// A span ends where what is kept of a segment begins (P2).
std::uint64_t Dispatcher::up_to_kept(Segment first, std::uint64_t limit) const {
  const auto next = kept_.upper_bound(first);
  if (next == kept_.end()) return limit;
  return std::min(limit, (index(next->first) - index(first)) * scheduler_.states().layout().segment_size());
}

}  // namespace segdl::engine
