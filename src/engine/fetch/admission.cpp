#include "engine/fetch/admission.h"

#include "core/base/errors.h"

#include <algorithm>
#include <chrono>

namespace segdl::engine {

bool Admission::is_ready() const {
  if (!slot_) return false;
  return skips_back_off_ || (!is_host_closed() && context_.source.failures.backs_off_until() <= context_.clock.now());
}

Result<void> Admission::get_ready() {
  Source& source = context_.source;
  if (is_ready()) return {};
  const Failures::Wait wait(source.failures);
  while (!is_ready()) {
    const Instant rest = source.failures.backs_off_until();
    if (rest > context_.clock.now()) {
      leave();
      if (!context_.clock.sleep_until(rest, flow_.token())) return cancelled();
    }
    if (is_host_closed()) leave();
    auto entered = enter((aside_ ? aside_->url : source.url.current()).origin);
    if (!entered) return entered;
  }
  return {};
}

Result<void> Admission::enter(const Origin& origin) {
  if (slot_ && slot_.is_for(origin)) return {};
  leave();
  const Failures::Wait wait(context_.source.failures);
  const std::stop_token stop = flow_.token();
  Result<Slot> slot = cancelled();
  // What is refused to the only connection is believed. So after a refusal that was doubted the others are waited for,
  // and a moment more, for the server to notice; but not for ever.
  if (const Doubts& doubts = crowding_.doubts(); doubts.count > 0) {
    constexpr std::chrono::seconds kAlone{10};
    const Instant last = context_.clock.now() + kAlone;
    slot = context_.pool.enter(origin, stop, std::min(last, context_.deadline.value_or(last)), doubts);
  }
  if (!slot && !stop.stop_requested()) {
    slot = context_.pool.enter(origin, stop, context_.deadline.value_or(Instant::max()));
  }
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
