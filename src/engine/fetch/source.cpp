#include "engine/fetch/source.h"

namespace segdl::engine {

void EffectiveUrl::leads_to(const Url& url, const Url* from) {
  std::function<void(const Origin&)> moved;
  {
    const MutexLock lock(mutex_);
    if (url.leads_to_same(effective_) || (from != nullptr && !effective_.leads_to_same(*from))) return;
    if (url.origin != effective_.origin) moved = on_move_;
    effective_ = url;
  }
  if (moved) moved(url.origin);
}

void RequestForms::record_failure(RequestForm form, Part part) {
  const MutexLock lock(mutex_);
  Trust& trust = this->trust(form, part);
  const bool misfortune = trust.earned && !std::exchange(trust.shaken, true);
  if (misfortune || form == RequestForm::whole) return;
  const RequestForm next = form == RequestForm::conditional ? RequestForm::range_only : RequestForm::whole;
  current_.compare_exchange_strong(form, next);  // if not, another worker was there first
}

void Failures::progressed() {
  // Many workers call this often.
  if (!progressed_) progressed_ = true;
  if (count_ > 0) count_ = 0;
  if (rest_.load() > Instant()) rest_ = Instant();
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

}  // namespace segdl::engine
