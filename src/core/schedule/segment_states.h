// The state of each segment of a download; see the drawing in scheduler.h. Which worker holds a held segment is the
// Scheduler's knowledge.
#pragma once

#include "core/schedule/interval_set.h"
#include "core/store/layout.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace segdl {

class SegmentStates {
 public:
  // `claims` has one entry per segment: true if the journal claims it.
  SegmentStates(Layout, const std::vector<bool>& claims);

  const Layout& layout() const { return layout_; }
  const IntervalSet& missing() const { return missing_; }
  const IntervalSet& unproved() const { return inherited_; }
  const IntervalSet& revoked() const { return revoked_; }  // and not done since: missing or held
  std::uint32_t held() const { return layout_.count() - done_ - missing_.count() - inherited_.count(); }
  bool is_done(Segment s) const { return is_done_[index(s)]; }
  // Claimed, proved or not.
  bool is_here(Segment s) const { return is_done(s) || inherited_.contains(index(s)); }
  bool finished() const { return done_ == layout_.count(); }  // S4

  // Makes missing segments from this one on held: `limit` bytes at most, and at least this segment. REQUIRES: it is
  // missing.
  Span take(Segment, std::uint64_t limit);
  void give_back(Span held) { missing_.insert(held); }
  void done(Segment held);
  void proved(Segment);  // REQUIRES: inherited
  void revoke(Segment);  // from inherited or done: missing again

  // The next inherited segment not yet handed out for checking.
  std::optional<Segment> next_to_prove();

  std::uint64_t steps() const { return missing_.steps() + inherited_.steps() + revoked_.steps(); }

 private:
  Layout layout_;
  IntervalSet missing_, inherited_, revoked_;
  std::vector<bool> is_done_;
  std::uint32_t done_ = 0;
  std::uint32_t next_unproved_ = 0;
};

}  // namespace segdl
