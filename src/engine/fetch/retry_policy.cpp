#include "engine/fetch/retry_policy.h"

#include "core/base/errors.h"

#include <segdl/range.h>

#include <fmt/format.h>

#include <algorithm>

namespace segdl::engine {
namespace {

constexpr std::uint64_t kProgress = 4 * kKiB;  // fewer bytes than this between two failures don't count as getting on
constexpr std::uint64_t kMaxAgain = 8;         // nor does less than one new byte of so many
constexpr std::chrono::milliseconds kInVain{1500};
constexpr int kMuchLonger = 4;
constexpr unsigned kPatientTries = 4;
constexpr unsigned kMaxPassedOver = 4;  // so often the host's others are taken for the reason

// "Not now" or "not so many": of the host, whatever the resource. A whole resource where a range was asked for, which
// ranges are served of to others, is a 200 under load.
bool is_crowded(int status) { return status == 429 || status == 503 || status == 200; }

// Whether every further request may be refused like this, as of a link that gives its resource once; or answered with
// the same page.
bool is_for_good(const Error& error) {
  const bool refuses = error.http_status >= 400 && error.http_status < 500 && error.http_status != 429;
  return error.cause == Cause::changed || (refuses && !error.retry_after);
}

// What can be done about a fault that did not pass.
Hints hints_of(const Error& error) {
  if (error.out_of_time) return {};  // the caller knows the limit that it has set
  if (error.retry_after) return {{Hint::wait_as_asked, fmt::to_string(error.retry_after->count())}};
  if (error.http_status == 429) return {Hint::slow_down};
  if (error.cause == Cause::refused) return {Hint::try_later};
  if (error.cause == Cause::network) return {Hint::check_network};
  return {};
}

// For the download it is the end; for its caller it is still a fault that passes (see Transfer::run).
Error spent(Error error, unsigned tries) {
  error.remedy = Remedy::stop;
  error.tries = tries;
  if (error.hints.empty()) error.hints = hints_of(error);
  return error;
}

}  // namespace

bool RetryPolicy::is_over(const Failing& failing) const {
  if (!source_.evidence.has_answered() && context_.pool.was_given_up(origin())) return true;
  const SessionOptions& options = context_.options;
  return Patience{options.retries, options.retry_max_time}.is_over(failing, source_.evidence.has_answered());
}

// Whether nothing came of the latest attempt while the host served others.
bool RetryPolicy::is_passed_over(const Error& error) const {
  const bool says_so = error.cause == Cause::network || is_crowded(error.http_status);
  const Slot& slot = admission_.slot();
  return says_so && !attempt_.answered && passed_over_ < kMaxPassedOver && slot &&
         slot.has_served_since(attempt_.asked_at);
}

bool RetryPolicy::is_last_try(const Error& error) const {
  if (made_progress() || is_passed_over(error)) return false;
  const Instant now = context_.clock.now();
  Failing failing = source_.failures.failing(attempt_.asked_at, now);
  const auto wait = backoff(failing.count, std::nullopt, jitter_);
  failing.next += wait;
  return is_over(failing) || context_.is_too_late(now + wait);
}

bool RetryPolicy::is_time_for_all() const {
  if (tried_all_ || made_progress()) return false;
  return source_.failures.failing(attempt_.asked_at, context_.clock.now()).count >= kPatientTries;
}

bool RetryPolicy::only_breaks_off(const Resource* known) const {
  if (known == nullptr || source_.failures.has_progressed()) return false;
  const Instant now = context_.clock.now();
  Failing failing = source_.failures.failing(now, now);
  if (failing.count == 1 || failing.broken + 1 < failing.count) return false;
  ++failing.broken;
  return is_over(failing);
}

// The host's other downloads learn of it.
Error RetryPolicy::given_up(Error error, unsigned tries) const {
  error = spent(std::move(error), tries);
  if (!attempt_.answered) context_.pool.given_up(origin(), error);
  return error;
}

bool RetryPolicy::made_progress() const {
  return progress_ >= kProgress && progress_ >= (flow_.received() - came_before_) / kMaxAgain;
}

Result<void> RetryPolicy::pause(Error error) {
  Clock& clock = context_.clock;
  Slot& slot = admission_.slot();
  const bool doubted = admission_.crowding().is_doubted();
  const bool on = goes_on();
  if (on) tried_all_ = false;
  if (!on) count_anew();
  if (attempt_.odd || is_for_good(error)) source_.failures.refused_more(clock.now());
  const bool passed_over = !on && !doubted && is_passed_over(error);
  if (passed_over) ++passed_over_;
  const bool counts = !on && !doubted && !passed_over;
  Failing failing = counts ? source_.failures.failed(attempt_.asked_at, clock.now(), attempt_.answered) : Failing{1};
  const auto wait = on && !doubted && !error.retry_after ? std::chrono::milliseconds(0)
                                                         : backoff(failing.count, error.retry_after, jitter_);
  jitter_ = random_();
  failing.next += wait;
  const Instant until = clock.now() + wait;
  const bool is_over_now = counts && is_over(failing);
  // What was put off for a later try is asked for now, if others' failures or the time have taken that try since.
  const bool put_off = std::exchange(attempt_.put_off, false) && !context_.is_too_late(clock.now());
  if (put_off && (is_over_now || context_.is_too_late(until))) {
    admission_.skip_back_off(true);
    context_.task_progress.retried({error, std::chrono::milliseconds(0)}, "; asking in a simpler way");
    return {};
  }
  if (is_over_now) return given_up(std::move(error), failing.count);
  if (counts && !attempt_.answered) context_.pool.stumbled(origin());
  if (context_.is_too_late(until)) {
    if (!error.out_of_time) error.reason += ", and the time limit leaves no time to try again";
    error.out_of_time = true;
    return spent(std::move(error), failing.count);
  }
  context_.task_progress.retried(
      {error, wait}, fmt::format("; trying again in {:.1f} s", std::chrono::duration<double>(wait).count()));
  const bool is_crowd = doubted && slot && !slot.is_alone();  // if not, there are none that could be fewer
  if ((is_crowd || is_crowded(error.http_status)) && slot) {
    slot.refused(until);                                            // by no download before then
  } else if (passed_over_ > 0 && error.http_status == 0 && slot) {  // and now perhaps counts those that wait
    slot.refused(std::nullopt, random_());
  }
  if (wait.count() > 0) {
    source_.failures.back_off_until(until);
    admission_.leave();
  }
  if (!clock.sleep_until(until, flow_.token())) return cancelled();
  flow_.measure_anew();
  return {};
}

std::chrono::nanoseconds RetryPolicy::in_vain() const {
  return std::max<std::chrono::nanoseconds>(kInVain, kMuchLonger * source_.latency.load());
}

bool RetryPolicy::is_given_no_more(const Error& error) {
  const bool is_final = error.remedy == Remedy::stop && error.cause != Cause::cancelled &&
                        error.cause != Cause::local && !error.out_of_time;
  const bool is_of_no_use = attempt_.odd || is_for_good(error);
  if (!is_final && !(error.remedy == Remedy::retry && is_of_no_use)) return false;
  admission_.crowding().set_doubted(false);
  source_.failures.refused_more(context_.clock.now());
  context_.task_progress.retried({error, std::chrono::milliseconds(0), true}, "; reading on what was left");
  return true;
}

Result<void> RetryPolicy::give_up(Error error, bool others_served) {
  Slot& slot = admission_.slot();
  count_anew();
  admission_.crowding().forget();  // the others of this download are no crowd to wait for
  const Instant now = context_.clock.now();
  // "Not so many" is no failure of a download that others go on with.
  const bool crowded = others_served && (error.http_status != 0 || attempt_.odd);
  if (crowded && (attempt_.odd || is_for_good(error))) source_.failures.refused_more(now);
  const Failing failing = crowded ? Failing{} : source_.failures.failed(attempt_.asked_at, now, attempt_.answered);
  // A failure alone, since there was progress, is made up for by those that are at work: without retries too.
  if (failing.count > 1 && is_over(failing) && !attempt_.spared && !attempt_.put_off)
    return given_up(std::move(error), failing.count);
  context_.task_progress.retried({error, std::chrono::milliseconds(0), true}, "; leaving it to the other connections");
  if (!crowded) source_.failures.back_off_until(now + backoff(failing.count, error.retry_after, random_()));
  if (slot) slot.refused(error.retry_after ? std::optional(now + *error.retry_after) : std::nullopt, random_());
  return {};
}

}  // namespace segdl::engine
