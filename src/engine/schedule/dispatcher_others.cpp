// What a download's workers are to one another: whether a failure is one worker's, or the download's.
//
// Of several that fail together one is the last, which waits and tries again, or ends the download; the others leave
// their work to it. Each may take another for the last one only while that is at work, so who is about to leave is not.
#include "engine/schedule/dispatcher.h"

#include <algorithm>
#include <utility>

namespace segdl::engine {

bool Dispatcher::others_busy(const Hand& hand) const {
  return std::any_of(hands_.begin(), hands_.end(), [&](const Hand& other) SEGDL_REQUIRES(mutex_) {
    const bool reads = other.at_ == Hand::At::response;
    const bool fetches = reads || other.keeps_ || !scheduler_.held(other.worker_).empty();
    return &other != &hand && other.at_work_ && !other.gives_up_ && fetches;
  });
}

bool Dispatcher::others_at_work(const Hand& hand) const {
  const MutexLock lock(mutex_);
  return others_busy(hand);
}

bool Dispatcher::others_served(const Hand& hand) const {
  return std::any_of(hands_.begin(), hands_.end(),
                     [&](const Hand& other) { return &other != &hand && other.at_work_ && other.served_; });
}

bool Dispatcher::be_served(Hand& hand, bool alone) {
  {
    const MutexLock lock(mutex_);
    if (alone && others_served(hand)) return false;
    hand.served_ = true;
    if (!std::exchange(first_, std::nullopt)) return true;
  }
  feed_();
  return true;
}

void Dispatcher::not_served(Hand& hand) {
  const MutexLock lock(mutex_);
  hand.served_ = false;
}

void Dispatcher::keeps(Hand& hand, bool one) {
  const MutexLock lock(mutex_);
  hand.keeps_ = one;
}

void Dispatcher::goes_first(const Hand& hand) {
  const MutexLock lock(mutex_);
  first_ = hand.worker_;
}

Dispatcher::Others Dispatcher::failed(Hand& hand, bool goes_on) {
  const MutexLock lock(mutex_);
  hand.served_ = hand.keeps_ = false;
  const Others others{others_served(hand), others_busy(hand)};
  hand.gives_up_ = !goes_on && others.at_work;
  return others;
}

bool Dispatcher::serves_others(const Hand& hand) const {
  const MutexLock lock(mutex_);
  return others_served(hand);
}

}  // namespace segdl::engine
