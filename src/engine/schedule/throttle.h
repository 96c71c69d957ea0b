// The session's limit on speed, shared by all its workers. Thread-safe.
#pragma once

#include "core/schedule/rate_limit.h"
#include "engine/base/monitor.h"
#include "seams/clock.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <stop_token>

namespace segdl::engine {

class Throttle {
 public:
  // 0: no limit. REQUIRES: the clock outlives this object.
  Throttle(Clock& clock, std::uint64_t bytes_per_second)
      : clock_(clock), limited_(bytes_per_second > 0), limit_(bytes_per_second) {}

  void set(std::uint64_t bytes_per_second) {
    const MutexLock lock(mutex_);
    limit_.set(bytes_per_second, clock_.now());
    limited_ = bytes_per_second > 0;
  }

  bool is_limited() const { return limited_; }
  // How much to read in one call.
  std::uint64_t max_read() const {
    if (!limited_) return std::numeric_limits<std::uint64_t>::max();
    const MutexLock lock(mutex_);
    return limit_.max_read();
  }

  // These bytes were read: waits until more may be, but not beyond `last`. False after a stop request.
  bool consume(std::uint64_t bytes, const std::stop_token& stop, Instant last = Instant::max()) {
    if (!limited_) return true;
    Instant now = clock_.now();
    for (Instant until = ready_at(bytes, now); until > now && now < last;) {
      if (!clock_.sleep_until(std::min({until, now + kPollInterval, last}), stop)) return false;
      now = clock_.now();
      if (until > now) until = std::min(until, ready_at(0, now));  // the limit may have been raised meanwhile
    }
    return true;
  }

 private:
  static constexpr std::chrono::milliseconds kPollInterval{100};

  Instant ready_at(std::uint64_t bytes, Instant now) {
    const MutexLock lock(mutex_);
    return limit_.consume(bytes, now);
  }

  Clock& clock_;
  std::atomic<bool> limited_;
  mutable Mutex mutex_;
  RateLimit limit_ SEGDL_GUARDED_BY(mutex_);
};

}  // namespace segdl::engine
