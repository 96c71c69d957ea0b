// A speed limit shared by many readers, without bursts.
//
// Bytes are paid for after they were read. Each payment moves the time at which the account is balanced again, and its
// reader waits until then before reading more. So readers queue fairly, and each is ahead of the rate by at most one
// portion.
// Pure: time is a parameter.
#pragma once

#include <chrono>
#include <cstdint>

namespace segdl {

class RateLimit {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  // 0: no limit.
  explicit RateLimit(std::uint64_t bytes_per_second) : rate_(bytes_per_second) {}

  // Sets the rate of what is read from here on. Bytes read before are paid at the better of both rates: raising the
  // rate shortens the wait (waiting readers ask again, by paying for nothing), lowering it does not lengthen it.
  void set(std::uint64_t bytes_per_second, Instant now);
  std::uint64_t rate() const { return rate_; }

  // Pays for bytes that were read; returns when the reader may go on, never before `now`.
  Instant consume(std::uint64_t bytes, Instant now);

  // How much to read in one call, so that the flow is smooth even with many readers: a thousandth of a second's worth,
  // within 256 bytes and 256 KiB.
  std::uint64_t max_read() const;

 private:
  std::uint64_t rate_;
  Instant level_{};
  double fraction_ = 0;  // of a nanosecond, beyond level_
};

}  // namespace segdl
