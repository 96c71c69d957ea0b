// One of a download's workers, and what they are to one another: whether a failure is one worker's, or the download's.
//
// A worker joins and leaves with this object. The token of its flow stops when it is to drop its response: because it
// is far slower than the others, because another was sooner with a hedged segment, or because the download is over:
// renew().
//
// Of several that fail together one is the last, which waits and tries again, or ends the download; the others leave
// their work to it. Each may take another for the last one only while that is at work, so who is about to leave is not.
//
// A part of the dispatcher's monitor; used by one thread.
#pragma once

#include "engine/schedule/dispatcher.h"
#include "engine/schedule/flow.h"

#include <atomic>
#include <cstdint>
#include <optional>

namespace segdl::engine {

// What one worker is to fetch: from its request, over the answer, to the commits.
//
// What it holds may change meanwhile: its end may be taken by another, and its beginning as long as nothing of the body
// has come.
class Assignment {
 public:
  Assignment(Dispatcher& dispatcher, const Flow& flow) : dispatcher_(dispatcher), flow_(flow) {}

  std::atomic<std::uint64_t> filled = 0;  // of the segment it is at
  std::atomic<bool> writing = false;      // it waits for the disk: no measure of its connection

  // What the worker is to fetch next, at most `limit` bytes. Nothing: there is no work for it now. Errors: the first
  // one given to Dispatcher::fail(). REQUIRES for this and the next two: it holds nothing.
  Result<std::optional<Span>> next(std::uint64_t limit, Offer);

  // It is about to ask for all from the first missing segment on. Until it asks for something else, or waits, or
  // leaves, others get of the next `reserve` bytes what lies far from where it is. One worker at a time does.
  void reads_ahead(std::uint64_t reserve) {
    const MutexLock lock(dispatcher_.mutex_);
    dispatcher_.read_ahead_.begin(id_, dispatcher_.scheduler_.states(), reserve);
  }

  // Its response has come as far as this segment: the missing ones from here on, at most `limit` bytes (at least this
  // one); or just this one, if nothing has come to any whose it is. Nothing: it is done, or comes to another.
  std::optional<Span> go_on(Segment, std::uint64_t limit);

  // What it still holds, beginning with the segment it is at.
  Span held() const {
    const MutexLock lock(dispatcher_.mutex_);
    return dispatcher_.scheduler_.held(id_);
  }
  // The same where it is about to ask for it, and where the answer has come. Until something of the body has, the
  // beginning may be taken by another, see go_on().
  Span asks();
  Span answered();
  void release();

  // Whether this worker reads ahead, and something behind this segment was asked for by another, and nothing of it has
  // come yet: if that is refused, or the body never comes, it falls to this one.
  bool is_asked_for_behind(Segment segment) const {
    const MutexLock lock(dispatcher_.mutex_);
    return dispatcher_.may_fall_to(id_, segment);
  }

  // Whether it may write the segment it is at (J5).
  bool begin_commit(Segment segment) {
    const MutexLock lock(dispatcher_.mutex_);
    return dispatcher_.scheduler_.begin_commit(id_, segment);
  }
  // What it holds from then on.
  Span committed(Segment);

  // What it has of a segment that it is about to let go of, unless that is done. REQUIRES: of a resource with a strong
  // validator.
  void keep(Segment, Prefix) noexcept;
  // What is kept of this segment, if it is more than so many bytes.
  Prefix take_kept(Segment segment, std::uint64_t bytes) {
    const MutexLock lock(dispatcher_.mutex_);
    return dispatcher_.kept_.take(segment, bytes);
  }

  // How many bytes this worker has brought since the last time that no worker had brought before: of what it committed,
  // and of the segment it is at, of which it has so many.
  std::uint64_t gained(std::optional<Segment> at, std::uint64_t bytes);

 private:
  friend class Dispatcher;
  friend class Worker;

  // What it asked for is promised at most: no answer has come, or nothing of its body.
  bool awaits_body() const { return at_ == At::request || (at_ == At::response && flow_.received() == answered_at_); }
  // It has something to fetch, reads on for what it may come to, or keeps a response.
  bool is_busy(const Scheduler& scheduler) const {
    return !gives_up_ && (at_ == At::response || keeps_ || !scheduler.held(id_).empty());
  }

  Dispatcher& dispatcher_;
  const Flow& flow_;
  WorkerId id_{};

  // The monitor's.
  enum class At : std::uint8_t { rest, request, response } at_ = At::rest;
  bool gives_up_ = false;                         // it is about to leave its work to the others
  bool keeps_ = false;                            // see Worker::keeps()
  std::uint64_t answered_at_ = flow_.received();  // Flow::received(), when the response came
  std::uint64_t counted_ = flow_.received();      // of Flow::received(), at the last tick
  Instant last_byte_ = dispatcher_.clock_.now();  // when that was last seen to grow
  double speed_ = 0;                              // bytes/s, smoothed
  std::uint64_t gained_ = 0;                      // bytes of segments that it committed, not yet counted
};

class Worker {
 public:
  // REQUIRES: both outlive it.
  Worker(Dispatcher&, Flow&);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  Assignment& assignment() { return assignment_; }
  Flow& flow() { return flow_; }

  // Waits until there may be work for it again. False: the download is over. REQUIRES: it holds nothing.
  bool wait();
  // After its token was stopped: a new one. False: the download is over.
  bool renew();

  // No other worker gets anything before one is served: what it asks for may be all that the server gives.
  void goes_first() {
    const MutexLock lock(dispatcher_.mutex_);
    dispatcher_.first_ = id();
  }
  // Whether it keeps a response unread that brings what others are refused. It is at work then, whatever it holds.
  void keeps(bool one) {
    const MutexLock lock(dispatcher_.mutex_);
    assignment_.keeps_ = one;
  }
  // Whether something is missing and held by no worker, or Assignment::is_asked_for_behind() this segment.
  bool may_come_to(Segment segment) const {
    const MutexLock lock(dispatcher_.mutex_);
    return dispatcher_.has_missing() || dispatcher_.may_fall_to(id(), segment);
  }

  // It is about to use an answer. False if it wants to be the only one that does (an answer that carries all of the
  // resource serves one) and another is being served: then it is not.
  bool be_served(bool alone);
  // It is no more.
  void not_served() {
    const MutexLock lock(dispatcher_.mutex_);
    served_ = false;
  }
  // Its request failed, or the response broke off. Unless it goes on immediately, it leaves its work to others that are
  // at theirs: they don't see it at work from here on. So of several that fail together one is the last.
  struct Others {
    bool served;   // only then is it no failure of the download
    bool at_work;  // see others_at_work()
  };
  Others failed(bool goes_on);

  // Whether another worker has something to fetch, reads on for what it may come to, or keeps a response; one that
  // waits to try again, or is about to leave its work to the others, has not.
  bool others_at_work() const {
    const MutexLock lock(dispatcher_.mutex_);
    return others_busy();
  }
  bool serves_others() const {
    const MutexLock lock(dispatcher_.mutex_);
    return others_served();
  }

 private:
  friend class Assignment;
  friend class Dispatcher;

  WorkerId id() const { return assignment_.id_; }
  bool others_served() const SEGDL_REQUIRES(dispatcher_.mutex_);
  bool others_busy() const SEGDL_REQUIRES(dispatcher_.mutex_);

  Dispatcher& dispatcher_;
  Flow& flow_;
  Assignment assignment_;

  // The monitor's.
  bool idle_ = false;    // inside wait()
  bool served_ = false;  // its latest answer is, or was, of use
};

}  // namespace segdl::engine
