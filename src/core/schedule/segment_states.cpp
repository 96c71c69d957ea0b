#include "core/schedule/segment_states.h"

#include "core/base/require.h"

#include <algorithm>
#include <cassert>

namespace segdl {

SegmentStates::SegmentStates(Layout layout, const std::vector<bool>& claims)
    : layout_(layout), is_done_(layout.count()) {
  assert(claims.size() == layout.count());
  for (std::uint32_t begin = 0, end = 0; begin < layout.count(); begin = end) {
    while (end < layout.count() && claims[end] == claims[begin]) ++end;
    (claims[begin] ? inherited_ : missing_).insert({begin, end});
  }
}

Span SegmentStates::take(Segment segment, std::uint64_t limit) {
  const std::uint64_t most = std::clamp<std::uint64_t>(limit / layout_.segment_size(), 1, layout_.count());
  return missing_.take_from(index(segment), static_cast<std::uint32_t>(most));
}

void SegmentStates::done(Segment segment) {
  is_done_[index(segment)] = true;
  ++done_;
  if (revoked_.contains(index(segment))) revoked_.remove(index(segment));
}

void SegmentStates::proved(Segment segment) {
  require(inherited_.contains(index(segment)), "a segment was proved that was not inherited");
  inherited_.remove(index(segment));
  done(segment);
}

void SegmentStates::revoke(Segment segment) {
  if (is_done(segment)) {
    is_done_[index(segment)] = false;
    --done_;
  } else {
    inherited_.remove(index(segment));
  }
  missing_.insert({index(segment), index(segment) + 1});
  revoked_.insert({index(segment), index(segment) + 1});
}

std::optional<Segment> SegmentStates::next_to_prove() {
  const auto next = inherited_.next(next_unproved_);
  if (!next) return std::nullopt;
  next_unproved_ = *next + 1;
  return Segment{*next};
}

}  // namespace segdl
