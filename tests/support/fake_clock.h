// Virtual time: a pause advances it immediately and is recorded. Thread-safe.
#pragma once

#include "seams/clock.h"

#include <chrono>
#include <mutex>
#include <vector>

namespace segdl::test {

class FakeClock final : public Clock {
 public:
  Instant now() override {
    const std::lock_guard lock(mutex_);
    return now_;
  }

  std::chrono::system_clock::time_point wall() override {
    const std::lock_guard lock(mutex_);
    return std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000)) +
           std::chrono::duration_cast<std::chrono::system_clock::duration>(now_.time_since_epoch());
  }

  bool sleep_until(Instant when, std::stop_token stop) override {
    if (stop.stop_requested()) return false;
    const std::lock_guard lock(mutex_);
    if (when > now_) {
      pauses_.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(when - now_));
      now_ = when;
    }
    return true;
  }

  void advance(std::chrono::nanoseconds time) {
    const std::lock_guard lock(mutex_);
    now_ += time;
  }

  std::vector<std::chrono::milliseconds> pauses() const {
    const std::lock_guard lock(mutex_);
    return pauses_;
  }

 private:
  mutable std::mutex mutex_;
  Instant now_{};
  std::vector<std::chrono::milliseconds> pauses_;
};

}  // namespace segdl::test
