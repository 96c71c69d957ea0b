// A speed that is not exceeded, shared by many readers, without bursts.
//
// Bytes are paid for after they were read: each payment moves the time at which the account is level again, and whoever
// paid waits until then before reading more. So readers queue up fairly, and what is ahead of the rate is never more
// than one portion of each. Pure: time is what it is told.
#pragma once

#include <chrono>
#include <cstdint>

namespace segdl {

class RateLimit {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  // 0: no limit.
  explicit RateLimit(std::uint64_t bytes_per_second) : rate_(bytes_per_second) {}

  // Holds for what is read from here on. What was read at the old rate is paid at the better of the two: raising the
  // rate shortens the wait (readers that wait ask again, by paying for nothing), lowering it does not lengthen it.
  void set(std::uint64_t bytes_per_second, Instant now);
  std::uint64_t rate() const { return rate_; }

  // These bytes were read; when the reader may go on. Never before `now`.
  Instant consume(std::uint64_t bytes, Instant now);

  // How much to read at once, so that the flow is smooth even with many readers: a thousandth of a second's worth,
  // within 256 bytes and 256 KiB.
  std::uint64_t max_read() const;

 private:
  std::uint64_t rate_;
  Instant level_{};
  double fraction_ = 0;  // of a nanosecond, beyond level_
};

}  // namespace segdl
