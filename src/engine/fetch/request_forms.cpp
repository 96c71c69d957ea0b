#include "engine/fetch/request_forms.h"

#include <utility>

namespace segdl::engine {

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

}  // namespace segdl::engine
