#include "core/schedule/host_budget.h"

#include "core/schedule/backoff.h"

#include <algorithm>
#include <cassert>

namespace segdl {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr unsigned kFree = 2;  // this many connections are not worth measuring
constexpr double kGain = 1.1;
constexpr double kGainOnRetry = 1.25;  // more gain than that means that bursts misled the first try; less is noise
constexpr double kClearGain = 1.5;     // visible even with the startup time of the new connections

constexpr milliseconds kShortestWindow{100};
constexpr milliseconds kLongestWindow{3000};
constexpr seconds kFirstPause{1};
constexpr seconds kLongestPause{60};

constexpr seconds kFirstPatience{30};
constexpr seconds kLongestPatience{3600};

}  // namespace

HostBudget::HostBudget(unsigned most, bool adaptive)
    : most_(std::max(most, 1U)), adaptive_(adaptive), goal_(adaptive ? std::min(most_, kFree) : most_) {}

void HostBudget::enter() {
  ++in_use_;
  ++unanswered_;
  round_peak_ = std::max(round_peak_, in_use_);
  sample_peak_ = std::max(sample_peak_, in_use_);
}

void HostBudget::leave() {
  assert(in_use_ > 0);
  --in_use_;
  unanswered_ = std::min(unanswered_, in_use_);
  if (!cautious_) return;
  // While the host refuses, those that leave are not replaced, except by one that tests it.
  allowed_ = std::min(allowed_, in_use_ + 1);
  round_peak_ = last_peak_ = in_use_;
}

unsigned HostBudget::peak() const { return std::max({in_use_, round_peak_, last_peak_}); }

unsigned HostBudget::host_limit(Instant now) const {
  if (limit_.most == 0 || limit_.lifted) return most_;
  return std::min(most_, limit_.most + (now >= limit_.again ? 1U : 0U));
}

unsigned HostBudget::ceiling(Instant now) const { return std::min(goal_, host_limit(now)); }

void HostBudget::answered(Instant now, Duration latency) {
  latency = std::max(latency, Duration(0));
  const bool first = latency_.count() < 0;  // no response before
  latency_ = first ? latency : (latency_ * 7 + latency) / 8;
  if (first) from_ = Sample{now, 0};
  if (unanswered_ > 0) --unanswered_;
  if (now < opens_) return;  // asked before the refusal: no evidence for the time after it
  cautious_ = false;
  in_vain_ = 0;
  lift(now);
  const unsigned served = in_use_ - std::min(unanswered_, in_use_);
  const unsigned more = std::min({std::max(allowed_ + 1, 2 * served), 2 * peak(), ceiling(now)});
  allowed_ = std::max(allowed_, more);
  proven_ = std::max(proven_, served);
  if (now - round_ < latency_) return;
  round_ = now;
  last_peak_ = round_peak_;
  round_peak_ = in_use_;
}

// A limit is wrong if enough responses arrive while more connections are in use: a single one may be for a request just
// before the refusal.
void HostBudget::lift(Instant now) {
  if (limit_.most == 0 || limit_.lifted || now < limit_.again || in_use_ <= limit_.most) return;
  if (++above_ >= 2 * (limit_.most + 1)) limit_.lifted = true;
}

void HostBudget::refused(Instant now, std::optional<Instant> until, std::uint64_t random) {
  if (now >= opens_ && now >= volley_ends_) {
    // Old peaks are no evidence for this volley.
    const bool recent = latency_.count() >= 0 && now - round_ <= 4 * latency_;
    volley_ = std::max(1U, recent ? peak() : in_use_);
    volley_begun_ = now;
    volley_ends_ = now + std::max(latency_, Duration(0));
    refusals_ = 0;
    limit_before_volley_ = limit_;
    allowed_before_volley_ = allowed_;
    proven_before_volley_ = proven_;
    teaches_ = !cautious_;  // a refusal of the first one let in again only means to wait longer
  }
  if (unanswered_ > 0) --unanswered_;
  ++refusals_;
  opens_ = std::max(opens_, until.value_or(now));
  cautious_ = true;
  above_ = 0;
  const unsigned served = volley_ - std::min(refusals_, volley_);
  allowed_ = std::clamp(served, 1U, allowed_);
  if (!until && refusals_ == volley_) opens_ = std::max(opens_, now + backoff(++in_vain_, std::nullopt, random));
  if (teaches_) learn(served, now);
  if (kept_ == 0) return;
  goal_ = std::clamp(served, back_to_, goal_);
  kept_ = 0;
  from_.reset();
  next_growth_ = std::max(next_growth_, now + kFirstPause);
}

void HostBudget::unlearn() {
  limit_ = limit_before_volley_;
  proven_ = std::max(proven_, proven_before_volley_);
  allowed_ = std::max(allowed_, allowed_before_volley_);
  in_vain_ = 0;
  cautious_ = false;
}

void HostBudget::learn(unsigned served, Instant now) {
  const Limit& before = limit_before_volley_;
  limit_ = before;
  proven_ = proven_before_volley_;
  if (served == 0) return;  // everything is refused: no evidence for a limit
  if (served < proven_ && !before.doubted) {
    limit_.doubted = true;  // more were served before: it may refuse for another reason, and for a moment only
    return;
  }
  proven_ = served;
  const bool again = before.most != 0 && served <= before.most;
  const Duration patience = again ? std::min<Duration>(2 * before.patience, kLongestPatience) : kFirstPatience;
  limit_ = {.most = served, .again = now + patience, .patience = patience};
}

double HostBudget::speed(Sample from, Sample to) {
  const std::chrono::duration<double> time = to.at - from.at;
  return time.count() > 0 && to.bytes > from.bytes ? static_cast<double>(to.bytes - from.bytes) / time.count() : 0;
}

// The more often growth brought nothing, the longer is the measurement: what is left then is noise.
HostBudget::Duration HostBudget::window() const {
  return std::clamp<Duration>(std::max(8 * latency_, pause_ / 4), kShortestWindow, kLongestWindow);
}

void HostBudget::measured(Instant now, std::uint64_t bytes) {
  const bool full = sample_peak_ >= allowed_ && 2 * in_use_ >= allowed_;
  sample_peak_ = in_use_;
  if (!adaptive_) return;
  if (kept_ != 0) return judge({now, bytes}, full);
  survey({now, bytes}, full);
}

// Measures at the level that was kept, and grows from it when it is time.
void HostBudget::survey(Sample here, bool full) {
  const bool more_than_allowed = in_use_ > allowed_;  // some are left from a growth that was taken back
  if (!full || more_than_allowed || cautious_ || allowed_ < ceiling(here.at)) from_.reset();
  if (!from_) {
    from_ = here;
    return;
  }
  if (here.at - from_->at < window() * 3 / 4) return;
  base_ = speed(*from_, here);
  from_ = here;
  if (here.at >= next_growth_) grow(here);
}

bool HostBudget::grow(Sample here) {
  const unsigned more = std::min({2 * allowed_, most_, host_limit(here.at)});
  if (more <= allowed_) return false;
  kept_ = back_to_ = allowed_;
  goal_ = allowed_ = more;
  grown_ = here;
  from_.reset();
  return true;
}

// Evaluates a growth. The first quarter of the window does not count: the new connections are starting.
void HostBudget::judge(Sample here, bool full) {
  const Duration since = here.at - grown_.at;
  if (!full) {
    from_.reset();
    // So many connections are not wanted: there is nothing to measure.
    if (since >= window()) fall_back(here, Duration(0));
    return;
  }
  if (since >= window() * 3 / 4 && speed(grown_, here) >= kClearGain * base_) return keep(here, speed(grown_, here));
  if (!from_) {
    if (since >= window() / 4) from_ = here;
    return;
  }
  if (here.at - from_->at < window() * 3 / 4) return;
  const double now = speed(*from_, here);
  limit_.lifted = limit_.lifted || kept_ >= limit_.most;  // more were served all the time
  const bool retry = pause_.count() > 0;
  if (now >= (retry ? kGainOnRetry : kGain) * base_) return keep(here, now);
  if (!retry && now * kGain < base_ && doubt(here, now)) return;
  pause_ = std::clamp<Duration>(2 * pause_, kFirstPause, kLongestPause);
  fall_back(here, pause_);
}

// The speed fell with more connections: either the host slows down, or an initial burst was measured as its speed. The
// next doubling, compared with this one, decides. Only once: if it brings nothing either, both are taken back.
bool HostBudget::doubt(Sample here, double speed) {
  const unsigned level = back_to_;
  if (level != kept_ || !grow(here)) return false;
  back_to_ = level;
  base_ = speed;
  return true;
}

void HostBudget::keep(Sample here, double speed) {
  kept_ = 0;
  pause_ = Duration(0);
  base_ = speed;
  from_ = here;
  grow(here);
}

void HostBudget::fall_back(Sample here, Duration pause) {
  goal_ = back_to_;
  allowed_ = std::min(allowed_, goal_);
  kept_ = 0;
  from_.reset();
  next_growth_ = here.at + pause;
}

}  // namespace segdl
