// What one worker receives over its connection: how many body bytes have come, and whether more are wanted.
//
// Bytes are counted here; every speed of the connection is read from that count. The token is the one that every wait
// of the worker knows: it stops with the download, or when what the worker waits for is of no more use (see worker.h).
// received(), token() and cut() are thread-safe; the others are for the worker's thread.
#pragma once

#include "engine/base/monitor.h"
#include "seams/clock.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <utility>

namespace segdl::engine {

class Flow {
 public:
  // `download` ends it for good. REQUIRES: the clock outlives this object.
  Flow(Clock& clock, std::stop_token download) : clock_(clock), download_(std::move(download)) {}

  // All that have come, whatever became of them.
  std::uint64_t received() const { return received_; }
  void add(std::uint64_t bytes) { received_ += bytes; }

  std::stop_token token() const { return cut().get_token(); }
  // What stops the token: without a lock, for it runs what waits with it.
  std::stop_source cut() const {
    const MutexLock lock(mutex_);
    return cut_;
  }
  // A new token after that, unless the download has ended: one that ends meanwhile is seen here, or stops what is new.
  void renew() {
    const MutexLock lock(mutex_);
    if (cut_.stop_requested() && !download_.stop_requested()) cut_ = std::stop_source();
  }

  // Before a request: what was measured long ago counts half.
  void fade(Instant now) {
    constexpr std::chrono::seconds kMemory{10};  // over which a speed is measured
    const auto age = now - measured_from_;
    if (age <= kMemory) return;
    measured_from_ += age / 2;
    measured_ += (received() - measured_) / 2;
  }
  void measure_anew() {
    measured_ = received();
    measured_from_ = clock_.now();
  }
  // bytes/s; 0 if not known yet
  double speed() const {
    const std::chrono::duration<double> elapsed = clock_.now() - measured_from_;
    return elapsed.count() <= 0 ? 0 : static_cast<double>(received() - measured_) / elapsed.count();
  }

 private:
  Clock& clock_;
  std::atomic<std::uint64_t> received_ = 0;
  std::uint64_t measured_ = 0;  // of `received_`, when measuring began
  Instant measured_from_ = clock_.now();
  const std::stop_token download_;
  mutable Mutex mutex_;
  std::stop_source cut_ SEGDL_GUARDED_BY(mutex_);
  const std::stop_callback<std::function<void()>> on_end_{download_, [this] { cut().request_stop(); }};
};

}  // namespace segdl::engine
