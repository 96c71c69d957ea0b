#include "core/schedule/read_ahead.h"

#include <algorithm>

namespace segdl {

void ReadAhead::begin(WorkerId worker, const SegmentStates& states, std::uint64_t reserve) {
  if (reader_ && *reader_ != worker) return;
  const std::uint32_t count = states.layout().count();
  const std::uint32_t first = states.missing().next(0).value_or(count);
  const std::uint64_t most = reserve / states.layout().segment_size();
  reader_ = worker;
  reserve_end_ = first + static_cast<std::uint32_t>(std::min<std::uint64_t>(count - first, most));
}

void ReadAhead::end(WorkerId worker) {
  if (is_by(worker)) reader_.reset();
}

std::optional<Span> ReadAhead::grant(Scheduler& scheduler, const KeptPrefixes& kept, WorkerId worker, Want want) const {
  const bool gives_way = reader_ && *reader_ != worker;
  const IntervalSet& missing = scheduler.states().missing();
  const std::uint64_t segment_size = scheduler.states().layout().segment_size();
  if (const auto first = missing.next(gives_way ? reserve_end_ : 0)) {
    const auto next = kept.first_behind(Segment{*first});  // P2
    if (next) want.limit = std::min(want.limit, (index(*next) - *first) * segment_size);
    return scheduler.grant(Segment{*first}, worker, want);
  }
  const Span last = gives_way ? missing.last_below(reserve_end_) : Span{};
  if (last.empty()) return std::nullopt;
  const std::uint64_t most = std::max<std::uint64_t>(1, want.limit / segment_size);
  const Segment begin{last.end - static_cast<std::uint32_t>(std::min<std::uint64_t>(most, last.end - last.begin))};
  const auto before = kept.last_before(Segment{last.end});
  return scheduler.grant(before ? std::max(begin, *before) : begin, worker, want);
}

}  // namespace segdl
