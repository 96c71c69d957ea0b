// Decides which worker fetches what next. Pure: no lock, clock or I/O; events in, spans out.
//
// Every segment is in one of five states. Missing work is granted in file order as bounded spans, so that the file
// grows behind a nearly contiguous front. Inherited claims are trusted only once proved in this run (J9).
//
//      grant, take_first, split, hedge  begin_commit, committed
//   missing -------------------> held --------------------------> done
//      ^                          |                                ^
//      |         release          |                                | proved
//      +--------------------------+                            inherited
//      +--------------------- revoked -----------------------------+
//
// Only when nothing is missing does an idle worker take part of another's span: from the holder with most *time* left,
// not most bytes, so much of its end that both are done at the same time (split). If that leaves nothing to take, it
// fetches the segment itself once more (hedge). Neither happens unless it gains more than a new request costs.
// A holder whose end has moved learns it with its next commit.
//
//   A: [0,8) 1 seg/s, at 2    B idle, 2 seg/s, split:   A: [0,4)   B: [4,8)      both done after 2 s
//
// S1 A segment is held by one worker, or by two if it is hedged.
// S2 The right to write it is given once between revocations (J5), to the worker that first has all of it:
//    begin_commit().
// S3 Whatever a failed worker held and no other worker holds is missing again.
// S4 The download is finished only when every segment is done: nothing missing, held or unproved.
//
// A segment counted twice could let a file with a hole be finished, so requirements on callers are checked in every
// build (require.h). A speed that is no number or not finite counts as unknown.
//
// Cost: every call takes O(log n) steps in the number of runs of missing segments and of workers; the steps are
// counted.
#pragma once

#include <segdl/segment_map.h>

#include "core/schedule/segment_states.h"
#include "core/schedule/worker_id.h"
#include "core/store/layout.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace segdl {

// The terms of an idle worker for a split or a hedge.
struct Offer {
  double speed = 0;      // bytes/s it expects of its connection; 0: unknown, so the average of the others
  double reconnect = 0;  // seconds a new request costs before its first byte
};

// The request of an idle worker for missing segments.
struct Want {
  std::uint64_t limit = 0;  // bytes at most, but one segment in any case
  double now = 0;           // seconds
  double speed = 0;         // as in an Offer
};

// A segment that two workers fetch from here on.
struct Hedge {
  Span span;
  std::optional<WorkerId> gave_way;  // the worker that holds nothing any more
};

class Scheduler {
 public:
  // `claims` has one entry per segment: true if the journal claims it.
  Scheduler(Layout layout, const std::vector<bool>& claims) : states_(layout, claims) {}

  // Gives the worker the missing segments from this one on; nothing if it is not missing. REQUIRES for this and the
  // next three: the worker holds nothing.
  std::optional<Span> grant(Segment, WorkerId, Want);

  // Gives the worker the first segment of another holder, in whose place it joins the rival, if any. False if either
  // may write it.
  bool take_first(WorkerId holder, WorkerId, double now, double speed);

  // Gives the worker the end of the span with the most time left, at least one whole segment of it; nothing if none is
  // worth it.
  // REQUIRES: nothing is missing.
  std::optional<Span> split(WorkerId, double now, Offer);

  // Gives the worker the segment that is furthest from done, among those that are their holders' only one; nothing if
  // none is worth it.
  // If two hold it already, the slower one is released and then holds nothing: both may have been a bad choice.
  // REQUIRES: nothing is missing, and split() gave nothing.
  std::optional<Hedge> hedge(WorkerId, double now, Offer);

  // The segments that the worker has still to fetch, beginning with its current one; empty if it holds nothing.
  Span held(WorkerId) const;

  // Reports a worker's speed, and how many bytes of its current segment it has. Between reports it is assumed to go on
  // at that speed. 0: it stands still, and so has more time left than any other.
  void measured(WorkerId, double now, double speed, std::uint64_t filled);

  // Whether this worker, which has received the whole segment, may write it. If not, another worker has written it or
  // does, and this one no longer holds it.
  // REQUIRES: it is the first of held(worker), or is not in it any more.
  bool begin_commit(WorkerId, Segment);
  // The segment is written and claimed. Returns the other worker that was fetching it. REQUIRES: begin_commit()
  // returned true to this worker.
  std::optional<WorkerId> committed(WorkerId, Segment);

  // The worker ends or has failed: it holds nothing any more.
  void release(WorkerId);

  void proved(Segment segment) { states_.proved(segment); }   // REQUIRES: inherited
  void revoked(Segment segment) { states_.revoke(segment); }  // from inherited or done: missing again
  std::optional<Segment> next_to_prove() { return states_.next_to_prove(); }

  const SegmentStates& states() const { return states_; }

  // The content of Task::map(). O(cells * log n + workers).
  SegmentMap map(std::size_t cells) const;

  // The number of steps of all calls so far, in visits to nodes of the underlying tables.
  std::uint64_t steps() const;

 private:
  // Orders by time left: of holders whose end can be taken, and of those at their last segment, which may be hedged. If
  // two fetch it, only the one that is ahead has a place: the segment is as late as that one.
  // Unmeasured holders are ordered by bytes left: they are assumed to have the same speed, and that changes.
  enum class Order : std::uint8_t { split, split_unmeasured, hedge, hedge_unmeasured, none };
  struct Place {
    Order order = Order::none;
    double late = 0;  // the time of its estimated end, or bytes left
    friend bool operator==(const Place&, const Place&) = default;
  };
  struct Holding {
    Span span;
    double since = 0;               // at this time,
    double left = 0;                // this many bytes were left
    std::optional<double> speed;    // if measured
    std::optional<WorkerId> rival;  // holds the same segment
    bool writing = false;           // may write the first segment
    Place place;                    // its key in orders_
  };
  struct Terms;

  Terms terms(double now, Offer) const;
  double time_left(const Holding&, const Terms&) const;
  std::optional<WorkerId> latest(Order measured, Order unmeasured, const Terms&) const;
  std::optional<std::uint32_t> fair_cut(const Holding&, const Terms&) const;
  double bytes(Span span) const { return static_cast<double>(states_.layout().range(span).size()); }

  Holding& at(WorkerId worker) { return holdings_[index(worker)]; }
  const Holding& at(WorkerId worker) const { return holdings_[index(worker)]; }
  void hold(WorkerId, Span, double since, double speed);
  void drop_first(WorkerId);
  void pair(WorkerId, WorkerId rival);
  void part(WorkerId);
  void set_speed(Holding&, std::optional<double>);
  double end(const Holding&) const;
  bool ahead(WorkerId, WorkerId rival) const;
  Place place(WorkerId) const;
  void reorder(WorkerId);
  void put(WorkerId);

  SegmentStates states_;
  std::vector<Holding> holdings_;  // by WorkerId
  std::array<std::set<std::pair<double, std::uint32_t>, CountingLess>, 4> orders_;
  double moving_speed_ = 0;  // of all holders that move, together
  std::uint32_t moving_ = 0;
};

}  // namespace segdl
