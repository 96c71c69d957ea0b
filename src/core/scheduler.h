// Who fetches what next. Pure: no lock, clock or I/O; events in, spans out.
//
// Every segment is in one of five states. `missing` work is handed out in file order as bounded spans; what was
// inherited from an earlier run is believed only once its proof has been checked in this run (J9).
//
//            grant            committed
//   missing --------> granted ---------> done
//      ^                 |                ^
//      |   release       |                | proved
//      +-----------------+            inherited
//      +------------------- revoked ------+
//
// (S1) A segment is granted to at most one worker at a time. (S2) It is committed at most once between revocations
// (J5). (S3) finished() only when every segment is done: nothing missing, granted or unproved.
#pragma once

#include "core/layout.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace segdl {

class Scheduler {
 public:
  Scheduler() = default;
  // `claims` has one entry per segment: true if the journal claims it.
  Scheduler(Layout, const std::vector<bool>& claims);

  // The first run of missing segments, at most `limit` bytes (at least one segment), now granted; nothing if none is
  // missing.
  std::optional<Span> grant(std::uint64_t limit);

  // Grants just this one. False if it is not missing.
  bool grant(Segment);

  void committed(Segment);  // REQUIRES: granted
  void release(Span);       // what of the span is still granted is missing again
  void proved(Segment);     // REQUIRES: inherited
  void revoked(Segment);    // from inherited or done: missing again

  // The next inherited segment not yet handed out for checking.
  std::optional<Segment> next_to_prove();

  bool finished() const { return done_ == layout_.count(); }
  bool is_done(Segment s) const { return state_[index(s)] == State::done; }
  bool is_missing(Segment s) const { return state_[index(s)] == State::missing; }
  std::uint32_t missing() const { return missing_; }
  std::uint32_t unproved() const { return inherited_; }
  const Layout& layout() const { return layout_; }

 private:
  enum class State : std::uint8_t { missing, granted, done, inherited };
  void make_missing(std::uint32_t);

  Layout layout_;
  std::vector<State> state_;
  std::uint32_t first_missing_ = 0;  // no missing segment lies before it
  std::uint32_t next_unproved_ = 0;
  std::uint32_t done_ = 0, missing_ = 0, inherited_ = 0;
};

}  // namespace segdl
