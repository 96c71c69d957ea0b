#include "engine/fetch/source.h"

namespace segdl::engine {

Url EffectiveUrl::current() const {
  const MutexLock lock(mutex_);
  return effective_ ? *effective_ : original_;
}

Shown Evidence::shown() const {
  const MutexLock lock(mutex_);
  return shown_;
}

void EffectiveUrl::leads_to(const Url& url) {
  std::function<void(const Origin&)> moved;
  {
    const MutexLock lock(mutex_);
    const Url& before = effective_ ? *effective_ : original_;
    if (url.leads_to_same(before)) return;
    if (url.origin != before.origin) moved = on_move_;
    effective_ = url;
  }
  if (moved) moved(url.origin);
}

bool EffectiveUrl::lost(const Url& effective) {
  if (effective.leads_to_same(original_)) return false;
  std::function<void(const Origin&)> moved;
  {
    const MutexLock lock(mutex_);
    if (!effective_ || !effective_->leads_to_same(effective)) return true;
    if (effective_->origin != original_.origin) moved = on_move_;
    effective_.reset();
  }
  if (moved) moved(original_.origin);
  return true;
}

void EffectiveUrl::on_move(std::function<void(const Origin&)> call) {
  const MutexLock lock(mutex_);
  on_move_ = std::move(call);
}

}  // namespace segdl::engine
