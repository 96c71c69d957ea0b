#include "engine/fetch/source.h"

#include <algorithm>
#include <utility>

namespace segdl::engine {

Url Source::current() const {
  const MutexLock lock(mutex_);
  return effective_ ? *effective_ : original_;
}

Shown Source::shown() const {
  const MutexLock lock(mutex_);
  return shown_;
}

void Source::leads_to(const Url& url) {
  std::function<void(const Origin&)> tell;
  {
    const MutexLock lock(mutex_);
    const Url& before = effective_ ? *effective_ : original_;
    if (url.leads_to_same(before)) return;
    if (url.origin != before.origin) tell = on_move_;
    effective_ = url;
  }
  if (tell) tell(url.origin);
}

bool Source::lost(const Url& effective) {
  if (effective.leads_to_same(original_)) return false;
  std::function<void(const Origin&)> tell;
  {
    const MutexLock lock(mutex_);
    if (!effective_ || !effective_->leads_to_same(effective)) return true;
    if (effective_->origin != original_.origin) tell = on_move_;
    effective_.reset();
  }
  if (tell) tell(original_.origin);
  return true;
}

void Source::on_move(std::function<void(const Origin&)> tell) {
  const MutexLock lock(mutex_);
  on_move_ = std::move(tell);
}

void Source::record_success(RequestForm asking, Part part) {
  const MutexLock lock(mutex_);
  trust(asking, part) = {true, false};
}

void Source::record_failure(RequestForm asking, Part part) {
  const MutexLock lock(mutex_);
  Trust& trust = this->trust(asking, part);
  const bool misfortune = trust.earned && !std::exchange(trust.shaken, true);
  if (misfortune || asking == RequestForm::whole) return;
  const RequestForm next = asking == RequestForm::conditional ? RequestForm::range_only : RequestForm::whole;
  asking_.compare_exchange_strong(asking, next);  // if not, another worker was there first
}

void Source::progressed() {
  // Many workers call this often.
  if (!progressed_) progressed_ = true;
  if (failures_ > 0) failures_ = 0;
  if (rest_ > 0) rest_ = 0;
}

Failing Source::failing(Instant asked, Instant now) const {
  const MutexLock lock(mutex_);
  const unsigned count = failures_;
  if (count == 0) return {1};
  return {count + 1, broken_, asked - first_failure_, now - first_failure_};
}

Failing Source::failed(Instant asked, Instant now, bool broke_off) {
  const MutexLock lock(mutex_);
  if (!last_failure_ || asked >= *last_failure_) {
    last_failure_ = now;
    if (++failures_ == 1) {
      first_failure_ = now;
      broken_ = 0;
    }
    if (broke_off) ++broken_;
  }
  const unsigned count = failures_;
  if (count == 0) return {1};  // there was progress since it was asked
  return {count, broken_, asked - first_failure_, now - first_failure_};
}

}  // namespace segdl::engine
