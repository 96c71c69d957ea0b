#include "engine/fetch/source.h"

namespace segdl::engine {

Url EffectiveUrl::current() const {
  const MutexLock lock(mutex_);
  return effective_;
}

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

bool EffectiveUrl::lost(const Url& effective) {
  if (effective.leads_to_same(original_)) return false;
  leads_to(original_, &effective);
  return true;
}

void EffectiveUrl::on_move(std::function<void(const Origin&)> call) {
  const MutexLock lock(mutex_);
  on_move_ = std::move(call);
}

void RequestForms::record_success(RequestForm form, Part part) {
  const MutexLock lock(mutex_);
  trust(form, part) = {true, false};
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
  Instant refused = refused_at_;
  if (asked > refused) refused_at_.compare_exchange_strong(refused, Instant::min());
}

Shown Evidence::shown() const {
  const MutexLock lock(mutex_);
  return shown_;
}

}  // namespace segdl::engine
