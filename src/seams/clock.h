// Seam: time.
//
// The engine and the transport use it for every "now" and every pause, so that tests run on virtual time.
// Thread-safe.
#pragma once

#include <chrono>
#include <stop_token>

namespace segdl {

using Instant = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;

  // Monotonic; for deadlines, pauses and speeds.
  virtual Instant now() = 0;

  // The calendar; only to read dates of servers and to date events.
  virtual std::chrono::system_clock::time_point wall() = 0;

  // Waits until `when` or a stop request. True if `when` was reached.
  virtual bool sleep_until(Instant when, std::stop_token) = 0;
};

}  // namespace segdl
