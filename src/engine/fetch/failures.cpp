#include "engine/fetch/failures.h"

namespace segdl::engine {

void Failures::progressed() {
  // Many workers call this often.
  if (!progressed_) progressed_ = true;
  if (count_ > 0) count_ = 0;
  if (rest_ > 0) rest_ = 0;
}

Failing Failures::failing(Instant asked, Instant now) const {
  const MutexLock lock(mutex_);
  const unsigned count = count_;
  if (count == 0) return {1};
  return {count + 1, broken_, asked - first_, now - first_};
}

Failing Failures::failed(Instant asked, Instant now, bool broke_off) {
  const MutexLock lock(mutex_);
  if (!last_ || asked >= *last_) {
    last_ = now;
    if (++count_ == 1) {
      first_ = now;
      broken_ = 0;
    }
    if (broke_off) ++broken_;
  }
  const unsigned count = count_;
  if (count == 0) return {1};  // there was progress since it was asked
  return {count, broken_, asked - first_, now - first_};
}

void Failures::gave_more(Instant asked) {
  Instant::rep refused = refused_at_;
  if (asked.time_since_epoch().count() > refused) refused_at_.compare_exchange_strong(refused, kNever);
}

}  // namespace segdl::engine
