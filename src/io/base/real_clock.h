// The system's clocks.
#pragma once

#include "seams/clock.h"

#include <condition_variable>
#include <mutex>

namespace segdl::io {

class RealClock final : public Clock {
 public:
  Instant now() override { return std::chrono::steady_clock::now(); }
  std::chrono::system_clock::time_point wall() override { return std::chrono::system_clock::now(); }

  bool sleep_until(Instant when, std::stop_token stop) override {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_until(lock, stop, when, [] { return false; });
    return !stop.stop_requested();
  }
};

}  // namespace segdl::io
