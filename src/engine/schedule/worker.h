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

#include "engine/schedule/assignment.h"
#include "engine/schedule/flow.h"

namespace segdl::engine {

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
