// Who fetches what next. Pure: no lock, clock or I/O; events in, spans out.
//
// Every segment is in one of five states. Missing work is handed out in file order as bounded spans, so that the file
// grows behind a nearly contiguous front; what was inherited is believed only once proved in this run (J9).
//
//      grant, take_first, split, hedge  begin_commit, committed
//   missing -------------------> held --------------------------> done
//      ^                          |                                ^
//      |         release          |                                | proved
//      +--------------------------+                            inherited
//      +--------------------- revoked -----------------------------+
//
// Only when nothing is missing does an idle worker take part of another's span: of the holder with most *time* left,
// not most bytes, so much of its end that both are done at the same time (split); and if that leaves nothing to take,
// the segment itself once more (hedge). Neither happens unless it is worth more than a new request costs. A holder
// whose end has moved learns it with its next commit.
//
//   A: [0,8) 1 seg/s, at 2    B idle, 2 seg/s, split:   A: [0,4)   B: [4,8)      both done after 2 s
//
// (S1) A segment is held by one worker, or by two if it is hedged. (S2) The right to write it is given once between
// revocations (J5), to whoever first has all of it: begin_commit(). (S3) Whatever a failed worker held and nobody else
// holds is missing again. (S4) finished() only when every segment is done: nothing missing, held or unproved.
//
// A segment counted twice would let a file with a hole be finished, so what is required of callers is checked in every
// build (require.h). A speed that is no number or not finite counts as not known.
//
// Cost: every call takes O(log n) steps in the number of runs of missing segments and of workers; the count is kept.
#pragma once

#include <segdl/segment_map.h>

#include "core/schedule/interval_set.h"
#include "core/schedule/worker.h"
#include "core/store/layout.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace segdl {

// What an idle worker brings to a split or a hedge.
struct Offer {
  double speed = 0;      // bytes/s it expects of its connection; 0: not known, so as fast as the others on the average
  double reconnect = 0;  // seconds a new request costs before its first byte
};

class Scheduler {
 public:
  Scheduler() = default;
  // `claims` has one entry per segment: true if the journal claims it.
  Scheduler(Layout, const std::vector<bool>& claims);

  // The first run of missing segments, at most `limit` bytes (at least one segment), held by the worker; nothing if
  // none is missing. `speed`: bytes/s the worker expects, 0 if not known. REQUIRES for this and the next four: the
  // worker holds nothing.
  std::optional<Span> grant(Worker, std::uint64_t limit, double now, double speed);

  // The same from this segment on; nothing if it is not missing.
  std::optional<Span> grant_from(Segment, Worker, std::uint64_t limit, double now, double speed);

  // The first segment of what another holds, in its place beside a rival if there is one. False if either may write it.
  bool take_first(Worker holder, Worker, double now, double speed);

  // The end of the span with the most time left, at least one whole segment of it; nothing if none is worth it.
  // REQUIRES: nothing is missing.
  std::optional<Span> split(Worker, double now, Offer);

  // The one segment that is furthest from done, of those that are all their holders have; nothing if none is worth it.
  // If two hold it already, the one that is behind gives way, and holds nothing then: both may have been a bad choice.
  // REQUIRES: nothing is missing, and split() gave nothing.
  std::optional<Span> hedge(Worker, double now, Offer);

  // What the worker is still to fetch, beginning with the segment it is at; empty if it holds nothing.
  Span held(Worker) const;

  // Who else is at the segment this worker is at, if it is hedged.
  std::optional<Worker> rival(Worker) const;

  // Tells how fast a worker is, and how many bytes of the segment it is at it has. A worker that is not told of for a
  // while is taken to go on as fast as before. 0: it stands still, and so has more time left than any other.
  void measured(Worker, double now, double speed, std::uint64_t filled);

  // Whether this worker may write the segment, which it has received whole. If not, somebody else has or does; then the
  // segment is no longer this worker's. REQUIRES: it is the first of held(worker), or is not in it any more.
  bool begin_commit(Worker, Segment);
  // It is written and claimed. REQUIRES: begin_commit() said so to this worker.
  void committed(Worker, Segment);

  // The worker ends or has failed: it holds nothing any more.
  void release(Worker);

  void proved(Segment);   // REQUIRES: inherited
  void revoked(Segment);  // from inherited or done: missing again

  // The next inherited segment not yet handed out for checking.
  std::optional<Segment> next_to_prove();

  bool finished() const { return done_ == layout_.count(); }
  bool is_done(Segment s) const { return is_done_[index(s)]; }
  // Claimed, be it proved or not.
  bool is_here(Segment s) const { return is_done(s) || inherited_.contains(index(s)); }
  bool is_missing(Segment s) const { return missing_.contains(index(s)); }
  std::uint32_t missing() const { return missing_.count(); }  // segments
  // The first one from this on.
  std::optional<Segment> first_missing(Segment from = Segment{0}) const {
    const auto first = missing_.next(index(from));
    return first ? std::optional(Segment{*first}) : std::nullopt;
  }
  // The last run of them below this one; empty if there is none.
  Span last_missing(Segment end) const { return missing_.last_below(index(end)); }
  std::uint32_t held() const {  // segments, hedged ones once
    return layout_.count() - done_ - missing_.count() - inherited_.count();
  }
  std::uint32_t unproved() const { return inherited_.count(); }  // segments
  const Layout& layout() const { return layout_; }

  // What Task::map() shows. O(cells * log n + workers).
  SegmentMap map(std::size_t cells) const;

  // How many steps the calls so far took, in visits to nodes of the tables behind this.
  std::uint64_t steps() const;

 private:
  // The orders by time left: of those whose end can be taken, and of those at their last segment that may be hedged; if
  // two are at it, only who is ahead is in the order, since the segment is as late as that one.
  // Who has no speed of its own is ordered by bytes left, as all such have the same speed, and that changes.
  enum class Order : std::uint8_t { split, split_unmeasured, hedge, hedge_unmeasured, none };
  struct Place {
    Order order = Order::none;
    double late = 0;  // the time of its estimated end, or bytes left
    friend bool operator==(const Place&, const Place&) = default;
  };
  struct Holding {
    Span span;
    double since = 0;             // when, so many
    double left = 0;              // bytes were left
    std::optional<double> speed;  // if measured
    std::optional<Worker> rival;  // holds the same segment
    bool writing = false;         // may write the first segment
    Place place;                  // where it is found in orders_
  };
  struct Terms;

  Terms terms(double now, Offer) const;
  double time_left(const Holding&, const Terms&) const;
  std::optional<Worker> latest(Order measured, Order unmeasured, const Terms&) const;
  std::optional<std::uint32_t> fair_cut(const Holding&, const Terms&) const;
  double bytes(Span span) const { return static_cast<double>(layout_.range(span).size()); }
  std::uint32_t most(std::uint64_t limit) const;

  Holding& at(Worker worker) { return holdings_[index(worker)]; }
  const Holding& at(Worker worker) const { return holdings_[index(worker)]; }
  void hold(Worker, Span, double since, double speed);
  void drop_first(Worker);
  void pair(Worker, Worker rival);
  void part(Worker);
  void set_speed(Holding&, std::optional<double>);
  double end(const Holding&) const;
  bool ahead(Worker, Worker rival) const;
  Place place(Worker) const;
  void reorder(Worker);
  void put(Worker);

  Layout layout_;
  IntervalSet missing_, inherited_;
  IntervalSet revoked_;  // and not done since: missing or held
  std::vector<bool> is_done_;
  std::uint32_t done_ = 0;
  std::uint32_t next_unproved_ = 0;
  std::vector<Holding> holdings_;  // by Worker
  std::array<std::set<std::pair<double, std::uint32_t>, CountingLess>, 4> orders_;
  double moving_speed_ = 0;  // of all holders that move, together
  std::uint32_t moving_ = 0;
};

}  // namespace segdl
