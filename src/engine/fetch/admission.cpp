#include "engine/fetch/admission.h"

#include "core/base/errors.h"

#include <algorithm>
#include <chrono>

namespace segdl::engine {
namespace {

constexpr std::chrono::seconds kAlone{10};  // so long a host's other connections are waited for

}  // namespace

void Admission::take(Slot slot) {
  slot_ = std::move(slot);
  if (slot_) context_.task_progress.connected();
}

Slot Admission::give() {
  if (slot_) context_.task_progress.disconnected();
  return std::move(slot_);
}

void Admission::leave() {
  if (!slot_) return;
  context_.task_progress.disconnected();  // first: the next owner of the slot counts as well
  slot_ = {};
}

void Admission::wait_outside(bool outside) {
  waits_outside_ = outside;
  if (!outside) suspended_.reset();
}

bool Admission::is_ready() const {
  if (!slot_) return false;
  return skips_back_off_ || (!is_host_closed() && context_.source.failures.backs_off_until() <= context_.clock.now());
}

Result<void> Admission::get_ready() {
  Clock& clock = context_.clock;
  Source& source = context_.source;
  if (is_ready()) return {};
  const Failures::Wait wait(source.failures);
  while (!is_ready()) {
    const Instant rest = source.failures.backs_off_until();
    if (rest > clock.now()) {
      leave();
      if (!clock.sleep_until(rest, flow_.token())) return cancelled();
    }
    if (is_host_closed()) leave();
    auto entered = enter((suspended_ ? suspended_->url : source.url.current()).origin);
    if (!entered) return entered;
  }
  return {};
}

// After a refusal that was doubted: what is refused to the only connection is believed. Waits until the others have
// ended, and a moment more, for the server to notice; but not for ever.
Result<Slot> Admission::enter_alone(const Origin& origin) {
  if (crowding_.doubts().count == 0) return cancelled();
  const Instant last = context_.clock.now() + kAlone;
  return context_.pool.enter(origin, flow_.token(), std::min(last, context_.deadline.value_or(last)),
                             crowding_.doubts());
}

Result<void> Admission::enter(const Origin& origin) {
  if (slot_ && slot_.is_for(origin)) return {};
  leave();
  const Failures::Wait wait(context_.source.failures);
  auto slot = enter_alone(origin);
  const std::stop_token stop = flow_.token();
  if (!slot && !stop.stop_requested()) slot = context_.pool.enter(origin, stop, context_.deadline);
  if (!slot) return std::move(slot).error();
  take(std::move(*slot));
  return {};
}

bool Admission::enters_now(const Origin& origin) {
  if (slot_ && slot_.is_for(origin)) return true;
  leave();
  if (crowding_.doubts().count > 0) return false;
  auto slot = context_.pool.enter(origin, {}, context_.clock.now());
  if (slot) take(std::move(*slot));
  return slot.ok();
}

}  // namespace segdl::engine
