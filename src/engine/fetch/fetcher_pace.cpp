// Fetcher's pace: when it asks, when again, when no more, and how much at once.
#include "core/base/errors.h"
#include "core/schedule/backoff.h"
#include "engine/fetch/fetcher.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace segdl::engine {
namespace {

constexpr std::uint64_t kProgress = 4 * kKiB;  // fewer bytes than this between two failures don't count as getting on
constexpr std::uint64_t kMaxAgain = 8;         // nor does less than one new byte of so many
constexpr std::uint64_t kMinSpan = 4 * kMiB;
constexpr std::uint64_t kMaxSpan = 64 * kMiB;
constexpr std::uint64_t kReserve = 256 * kMiB, kHashedReserve = 64 * kMiB;
constexpr double kSpanTime = 5;  // seconds
constexpr std::chrono::milliseconds kInVain{1500};
constexpr int kMuchLonger = 4;
constexpr unsigned kPatientTries = 4;
constexpr std::chrono::seconds kAlone{10};  // so long a host's other connections are waited for
constexpr unsigned kMaxPassedOver = 4;      // so often the host's others are taken for the reason

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

}  // namespace

bool Fetcher::is_ready() const {
  if (!slot_) return false;
  return at_once_ || (!host_closed() && source_.backs_off_until() <= clock_.now());
}

Result<void> Fetcher::get_ready(const std::stop_token& stop) {
  Clock& clock = clock_;
  if (is_ready()) return {};
  const Source::Wait wait(source_);
  while (!is_ready()) {
    const Instant rest = source_.backs_off_until();
    if (rest > clock.now()) {
      leave();
      if (!clock.sleep_until(rest, stop)) return cancelled();
    }
    if (host_closed()) leave();
    auto entered = enter_at(next_url().origin, stop);
    if (!entered) return entered;
  }
  return {};
}

// After a refusal that may have been one of the number of connections: what is refused to the only one is believed.
// Waits until the others have ended, and a moment more, for the server to notice; but not for ever.
Result<Slot> Fetcher::enter_alone(const Origin& origin, const std::stop_token& stop) {
  if (crowds_ == 0) return cancelled();
  const Instant last = clock_.now() + kAlone;
  return pool_.enter(origin, stop, std::min(last, limits_.deadline.value_or(last)), crowds_);
}

// A redirect to another host waits for its turn there: the slot for this one is no right to that.
Result<void> Fetcher::enter_at(const Origin& origin, const std::stop_token& stop) {
  if (slot_ && slot_.is_for(origin)) return {};
  leave();
  const Source::Wait wait(source_);
  auto slot = enter_alone(origin, stop);
  if (!slot && !stop.stop_requested()) slot = pool_.enter(origin, stop, limits_.deadline);
  if (!slot) return std::move(slot).error();
  slot_ = std::move(*slot);
  task_progress_.connected();
  return {};
}

// The same without waiting; false: there is no slot now, or others are to be waited for.
bool Fetcher::enters_at_once(const Origin& origin) {
  if (slot_ && slot_.is_for(origin)) return true;
  leave();
  if (crowds_ > 0) return false;
  auto slot = pool_.enter(origin, {}, clock_.now());
  if (slot) take(std::move(*slot));
  return slot.ok();
}

bool Fetcher::is_over(const Failing& failing) const {
  if (!source_.has_answered() && pool_.was_given_up(origin())) return true;
  const SessionOptions& options = options_;
  return Patience{options.retries, options.retry_max_time}.is_over(failing, source_.has_answered());
}

// Whether nothing came of the last request while the host served others: "not so many" or "not now", which is no
// failure of the download.
bool Fetcher::is_passed_over(const Error& error) const {
  const bool says_so = error.cause == Cause::network || is_crowded(error.http_status);
  return says_so && !answered_ && passed_over_ < kMaxPassedOver && slot_ && slot_.has_served_since(asked_at_);
}

// Whether pause() would not let another one follow if the request that has just been made came to nothing, with this.
bool Fetcher::is_last_try(const Error& error) const {
  if (made_progress() || is_passed_over(error)) return false;
  const Instant now = clock_.now();
  Failing failing = source_.failing(asked_at_, now);
  const auto wait = backoff(failing.count, std::nullopt, jitter_);
  failing.next += wait;
  return is_over(failing) || too_late(now + wait);
}

// Whether ranges have been refused so often in a row that perhaps none are served any more, and all of the resource,
// which costs what is here once more, is to be asked for: once before the last try, which may be minutes away.
bool Fetcher::is_time_for_all() const {
  return !tried_all_ && !made_progress() && source_.failing(asked_at_, clock_.now()).count >= kPatientTries;
}

// Whether what says nothing to a range may be asked for all: not after a resource has changed, where what is no range
// of anything is no new version (see core/http/shown.h).
bool Fetcher::may_ask_for_all(const Resource* known) const {
  return (known != nullptr || !source_.has_answered()) && !too_late(clock_.now());
}

// Whether the next try is the last, and all there were came to nothing: some servers promise any range, and break it
// off at once. Where any brought something all of it would be sent once more. What all of it is, is told by its
// validator, or by its size and by comparing it with what is here.
bool Fetcher::only_breaks_off(const Resource* known) const {
  if (known == nullptr || source_.has_progressed()) return false;
  const Instant now = clock_.now();
  Failing failing = source_.failing(now, now);
  if (failing.count == 1 || failing.broken + 1 < failing.count) return false;
  ++failing.broken;
  return is_over(failing);
}

// The host's other downloads learn of it.
Error Fetcher::given_up(Error error, unsigned tries) const {
  error = spent(std::move(error), tries);
  if (!answered_) pool_.given_up(origin(), error);
  return error;
}

// For the download it is the end; for whoever asked for the download it is still a fault that passes (see
// Transfer::run).
Error Fetcher::spent(Error error, unsigned tries) const {
  error.remedy = Remedy::stop;
  error.tries = tries;
  if (error.hints.empty()) error.hints = hints_of(error);
  return error;
}

std::chrono::nanoseconds Fetcher::latency() const { return latency_.count() > 0 ? latency_ : source_.latency(); }

bool Fetcher::made_progress() const { return progress_ >= kProgress && progress_ >= came_ / kMaxAgain; }

bool Fetcher::goes_on() {
  if (!made_progress()) return false;
  progress_ = came_ = 0;
  source_.progressed();
  return true;
}

Result<void> Fetcher::pause(Error error, std::stop_token stop) {
  Clock& clock = clock_;
  const bool on = made_progress();
  if (on) tried_all_ = false;
  progress_ = came_ = 0;
  if (on) source_.progressed();
  if (odd_ || is_for_good(error)) source_.refused_more(clock.now());
  const bool passed_over = !on && !crowded_ && is_passed_over(error);
  if (passed_over) ++passed_over_;
  const bool counts = !on && !crowded_ && !passed_over;
  Failing failing = counts ? source_.failed(asked_at_, clock.now(), answered_) : Failing{1};
  const auto wait = on && !crowded_ && !error.retry_after ? std::chrono::milliseconds(0)
                                                          : backoff(failing.count, error.retry_after, jitter_);
  jitter_ = random_();
  failing.next += wait;
  if (counts && is_over(failing)) return given_up(std::move(error), failing.count);
  if (counts && !answered_) pool_.stumbled(origin());
  const Instant until = clock.now() + wait;
  if (too_late(until)) {
    if (!error.out_of_time) error.reason += ", and the time limit leaves no time to try again";
    error.out_of_time = true;
    return spent(std::move(error), failing.count);
  }
  task_progress_.retried({error, wait},
                         fmt::format("; trying again in {:.1f} s", std::chrono::duration<double>(wait).count()));
  const bool is_crowd = crowded_ && slot_ && !slot_.is_alone();  // if not, there are none that could be fewer
  if ((is_crowd || is_crowded(error.http_status)) && slot_) {
    slot_.refused(until);                                            // not by anybody before then
  } else if (passed_over_ > 0 && error.http_status == 0 && slot_) {  // and now perhaps counts those that wait
    slot_.refused(std::nullopt, random_());
  }
  if (wait.count() > 0) {
    source_.back_off_until(until);
    leave();
  }
  if (!clock.sleep_until(until, stop)) return cancelled();
  measured_ = 0;
  measured_from_ = clock.now();
  return {};
}

// An answer that has not come by then is not worth waiting for while others are served.
std::chrono::nanoseconds Fetcher::in_vain() const {
  return std::max<std::chrono::nanoseconds>(kInVain, kMuchLonger * source_.latency());
}

bool Fetcher::waited_in_vain() const { return !answered_ && clock_.now() - asked_at_ >= in_vain(); }

Result<Response> Fetcher::ask_beside(Range range, const Resource* known, const std::stop_token& stop) {
  const RequestForm kept = asked_;
  is_beside_ = true;
  auto response = ask(range, known, stop, false);
  is_beside_ = false;
  if (response) return response;
  asked_ = kept;
  crowded_ = true;  // perhaps by the other one alone: no failure
  spared_ = false;
  return response;
}

bool Fetcher::is_given_no_more(const Error& error) {
  const bool is_final = error.remedy == Remedy::stop && error.cause != Cause::cancelled &&
                        error.cause != Cause::local && !error.out_of_time;
  const bool is_of_no_use = odd_ || is_for_good(error);
  if (!is_final && !(error.remedy == Remedy::retry && is_of_no_use)) return false;
  crowded_ = false;
  source_.refused_more(clock_.now());
  task_progress_.retried({error, std::chrono::milliseconds(0), true}, "; reading on what was left");
  return true;
}

Result<void> Fetcher::give_up(Error error, bool others_served) {
  progress_ = came_ = 0;
  crowds_ = 0;  // the others of this download are no crowd to wait for
  const Instant now = clock_.now();
  // "Not so many" is no failure of a download that others go on with.
  const bool crowded = others_served && (error.http_status != 0 || odd_);
  if (crowded && (odd_ || is_for_good(error))) source_.refused_more(now);
  const Failing failing = crowded ? Failing{} : source_.failed(asked_at_, now, answered_);
  // A failure alone, since there was progress, is made up for by those that are at work: without retries too.
  if (failing.count > 1 && is_over(failing) && !spared_) return given_up(std::move(error), failing.count);
  task_progress_.retried({error, std::chrono::milliseconds(0), true}, "; leaving it to the other connections");
  if (!crowded) source_.back_off_until(now + backoff(failing.count, error.retry_after, random_()));
  if (slot_) slot_.refused(error.retry_after ? std::optional(now + *error.retry_after) : std::nullopt, random_());
  return {};
}

bool Fetcher::received(std::uint64_t bytes, const std::stop_token& stop) {
  came_ += bytes;
  measured_ += bytes;
  if (slot_) slot_.received(bytes);  // a response that was kept is read on without
  return throttle_.consume(bytes, stop, limits_.deadline.value_or(Instant::max()));  // the next read tells
}

double Fetcher::speed() const {
  const std::chrono::duration<double> elapsed = clock_.now() - measured_from_;
  return elapsed.count() <= 0 ? 0 : static_cast<double>(measured_) / elapsed.count();
}

std::uint64_t Fetcher::reserve() const { return request_.checksum ? kHashedReserve : kReserve; }

std::uint64_t Fetcher::span_limit(std::uint64_t left) const {
  const unsigned expected = pool_.expected(source_.current().origin);
  const double fair = static_cast<double>(left) / (expected > 1 ? 2.0 * expected : 1.0);
  const double speed = this->speed();
  const double timed = speed > 0 ? kSpanTime * speed : static_cast<double>(measured_ == 0 ? kMinSpan : kMaxSpan);
  return static_cast<std::uint64_t>(
      std::clamp(std::min(timed, fair), static_cast<double>(kMinSpan), static_cast<double>(kMaxSpan)));
}

}  // namespace segdl::engine
