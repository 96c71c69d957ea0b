// The monitor around the scheduler: which of a download's workers fetches what, while claims of an earlier run are
// being proved beside it.
//
// A worker joins, and from then on has a WorkerState: its number, its token, what it has received. It asks for spans,
// tells what it is about to write and what it has committed, and leaves. The token is told to stop when the worker is
// to drop its response: because it is far slower than the others, because another was sooner with a hedged segment, or
// because the download is over. renew() tells which.
//
// What a worker has of a segment that it lets go of is kept, and goes to the next that is at it: no byte is asked for
// that is here, and the next failure at the same place is one without progress. (P1) A byte counts as progress once,
// for the worker that brought it, however often it is fetched: gained(). (P2) What next() gives begins with what
// is kept of a segment or ends before it. (P3) At most one segment is kept for each worker there ever was at once.
//
// One mutex around the pure Scheduler and the first error. Nobody holds it during I/O, and nothing else is locked while
// it is held. Thread-safe.
#pragma once

#include <segdl/error.h>

#include "core/schedule/scheduler.h"
#include "core/schedule/stragglers.h"
#include "engine/base/monitor.h"
#include "seams/clock.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

namespace segdl::engine {

// The beginning of a segment that is not whole yet, in a buffer with room for all of it. Empty: nothing.
struct Prefix {
  std::unique_ptr<std::byte[]> bytes = nullptr;
  std::uint64_t filled = 0;
};

// One worker's place in a download. What is not atomic is the dispatcher's.
class WorkerState {
 public:
  std::stop_token token() const { return cut_.get_token(); }  // by the worker itself

  std::atomic<std::uint64_t> received = 0;  // body bytes, ever
  std::atomic<std::uint64_t> filled = 0;    // of the segment it is at
  std::atomic<bool> writing = false;        // it waits for the disk, which says nothing of its connection

 private:
  friend class Dispatcher;
  WorkerId worker_{};
  bool at_work_ = false;   // it may hold something
  bool idle_ = false;      // inside wait()
  bool served_ = false;    // its latest answer is, or was, of use
  bool gives_up_ = false;  // it is about to leave its work to the others
  enum class At : std::uint8_t { rest, request, response } at_ = At::rest;
  std::uint64_t answered_at_ = 0;  // `received`, when the response came

  bool keeps_ = false;  // see Dispatcher::keeps()

  // What it asked for is promised at most: no answer has come, or nothing of its body.
  bool awaits_body() const { return at_ == At::request || (at_ == At::response && received == answered_at_); }

  std::stop_source cut_;
  std::uint64_t counted_ = 0;  // of `received`, at the last tick
  Instant last_byte_{};        // when `received` was last seen to grow
  double speed_ = 0;           // bytes/s, smoothed
  std::uint64_t gained_ = 0;   // bytes of segments that it committed, not yet counted
};

class Dispatcher {
 public:
  // `request_workers` is called, without the lock, when idle threads could perhaps help. REQUIRES: the clock outlives
  // this object.
  Dispatcher(Layout layout, const std::vector<bool>& claims, Clock& clock, std::function<void()> request_workers);
  ~Dispatcher();

  // Called, without the lock, with every segment that is committed or proved. REQUIRES: before the first join().
  void on_settled(std::function<void(Segment)> tell) { settled_ = std::move(tell); }

  WorkerState& join();
  void leave(WorkerState&);

  // This worker, which holds nothing, is about to ask for all from the first missing segment on. Until it asks for
  // something else, or waits, or leaves, others get of the next `reserve` bytes what lies far from where it is. One at
  // a time does.
  void reads_ahead(const WorkerState&, std::uint64_t reserve);
  // Whether it is this worker that does, and something behind this segment was asked for by another, and nothing of it
  // has come yet: if that is refused, or the body never comes, it falls to this one.
  bool is_asked_for_behind(const WorkerState&, Segment) const;
  // Whether that, or something is missing and nobody has it.
  bool may_come_to(const WorkerState&, Segment) const;

  // Whether it keeps a response unread that brings what others are refused. It is at work then, whatever it holds.
  void keeps(WorkerState&, bool);

  // Nobody but this worker gets anything before somebody is served: what it asks for may be all that the server gives.
  void goes_first(const WorkerState&);

  // What this worker, which holds nothing, is to fetch next, at most `limit` bytes. Nothing: there is no work for it
  // now. Errors: the first one told to fail().
  Result<std::optional<Span>> next(WorkerState&, std::uint64_t limit, Offer);

  // Waits until there may be work for it again. False: the download is over. REQUIRES: it holds nothing.
  bool wait(WorkerState&);

  // After its token was stopped: a new one. False: the download is over.
  bool renew(WorkerState&);

  // What it still holds, beginning with the segment it is at.
  Span held(const WorkerState&) const;
  // The same where it is about to ask for it, and where the answer has come. Until something of the body has, the
  // beginning may be taken by another, see go_on().
  Span asks(WorkerState&);
  Span answered(WorkerState&);

  // For a worker that holds nothing, and whose response has come as far as this segment: the missing ones from here on,
  // at most `limit` bytes (at least this one); or just this one, if nothing has come to any whose it is. Nothing: it is
  // done, or comes to another.
  std::optional<Span> go_on(WorkerState&, Segment, std::uint64_t limit);
  void release(WorkerState&);

  // Whether it may write the segment it is at (J5).
  bool begin_commit(WorkerState&, Segment);
  // What it holds from then on.
  Span committed(WorkerState&, Segment);

  // What a worker has of a segment that it is about to let go of. Of two the longer one is kept, and of a segment that
  // is done nothing. REQUIRES: of a resource with a strong validator.
  void keep(Segment, Prefix) noexcept;
  // What is kept of this segment, if it is more than `filled` bytes.
  Prefix take_kept(Segment, std::uint64_t filled);

  // How many bytes this worker has brought since the last time that nobody had brought before: of what it committed,
  // and of the segment it is at, of which it has so many.
  std::uint64_t gained(WorkerState&, std::optional<Segment> at, std::uint64_t filled);

  std::optional<Segment> next_to_prove();
  void proved(Segment);
  void revoked(Segment);

  // Segments of a response that has not shown where it ends, and how it has contradicted itself if it has. Once one
  // has, the first such segments end everybody's work with that error.
  void unsure(std::vector<Segment>, std::optional<Error> contradiction);
  // Those segments, once one has.
  std::vector<Segment> doubted() const;

  // Ends everybody's work with this error, if it is the first.
  void fail(Error);
  std::optional<Error> error() const;

  // Whether another worker has something to fetch, reads on for what it may come to, or keeps a response; one that
  // waits to try again, or is about to leave its work to the others, has not.
  bool others_at_work(const WorkerState&) const;
  // This worker is about to use an answer. False if it wants to be the only one that does (an answer that carries all
  // of the resource serves one) and another is being served: then it is not.
  bool be_served(WorkerState&, bool alone);
  // It is no more.
  void not_served(WorkerState&);
  // What this worker asked for came to nothing, or broke off. Unless it goes on at once, it leaves its work to others
  // that are at theirs: they don't see it at work from here on. So of several that fail together one is the last.
  struct Others {
    bool served;   // only then is it no failure of the download
    bool at_work;  // see others_at_work()
  };
  Others failed(WorkerState&, bool goes_on);
  bool serves_others(const WorkerState&) const;
  std::uint64_t missing_bytes() const;
  bool is_here(Segment) const;
  // Whether nothing that is here lies behind the first segment that is missing.
  bool all_missing_behind_front() const;
  unsigned at_work() const;
  unsigned most_at_work() const;
  SegmentMap map(std::size_t cells) const;

  // Looks at everybody's speed: cuts those that hold the others up, and lets idle ones look again near the end.
  void tick(Instant now);

 private:
  bool over() const SEGDL_REQUIRES(mutex_) { return first_error_.has_value() || scheduler_.states().finished(); }
  double seconds(Instant now) const { return std::chrono::duration<double>(now - begun_).count(); }
  bool others_served(const WorkerState&) const SEGDL_REQUIRES(mutex_);
  bool others_busy(const WorkerState&) const SEGDL_REQUIRES(mutex_);
  bool may_fall_to(const WorkerState&, Segment) const SEGDL_REQUIRES(mutex_);
  std::optional<Error> give_back(WorkerState&) SEGDL_REQUIRES(mutex_);
  std::optional<std::stop_source> next_to_stop() const;
  void stop_everybody() const;
  void measure(WorkerState&, Instant now, double elapsed) SEGDL_REQUIRES(mutex_);
  std::vector<std::stop_source> judge(Instant now) SEGDL_REQUIRES(mutex_);
  std::optional<Span> grant(const WorkerState&, std::uint64_t limit, double now, double speed) SEGDL_REQUIRES(mutex_);
  std::uint64_t up_to_kept(Segment, std::uint64_t limit) const SEGDL_REQUIRES(mutex_);
  void reads_no_more(const WorkerState&) SEGDL_REQUIRES(mutex_);
  std::uint64_t raise_mark(Segment, std::uint64_t filled) SEGDL_REQUIRES(mutex_);

  Clock& clock_;
  const std::function<void()> request_workers_;
  std::function<void(Segment)> settled_;  // may be empty
  const Instant begun_;
  mutable Mutex mutex_;
  Condition changed_;
  Scheduler scheduler_ SEGDL_GUARDED_BY(mutex_);
  Stragglers stragglers_ SEGDL_GUARDED_BY(mutex_);
  std::deque<WorkerState> workers_ SEGDL_GUARDED_BY(mutex_);         // by worker; addresses stay
  std::map<Segment, Prefix> kept_ SEGDL_GUARDED_BY(mutex_);          // of segments that are not done
  std::map<Segment, std::uint64_t> marks_ SEGDL_GUARDED_BY(mutex_);  // of those, how much was counted as progress
  std::optional<WorkerId> reader_ SEGDL_GUARDED_BY(mutex_);          // see reads_ahead()
  Segment reserve_end_ SEGDL_GUARDED_BY(mutex_){};                   // of what is left to it
  std::optional<WorkerId> first_ SEGDL_GUARDED_BY(mutex_);           // see goes_first()
  std::optional<Error> first_error_ SEGDL_GUARDED_BY(mutex_);
  std::vector<Segment> unsure_ SEGDL_GUARDED_BY(mutex_);
  std::optional<Error> doubt_ SEGDL_GUARDED_BY(mutex_);
  Instant last_tick_ SEGDL_GUARDED_BY(mutex_);
  std::uint64_t wakeups_ SEGDL_GUARDED_BY(mutex_) = 0;  // how often there may have been new work
  unsigned at_work_ SEGDL_GUARDED_BY(mutex_) = 0;
  unsigned most_at_work_ SEGDL_GUARDED_BY(mutex_) = 0;
};

}  // namespace segdl::engine
