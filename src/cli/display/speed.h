// A smoothed speed. Pure: time is a parameter.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>

namespace segdl::cli {

// Each measurement is weighted by the time it covers, and those older than a few seconds hardly count: the result is
// equally smooth however often it is measured.
class Speed {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  // Measures from this moment on; `bytes` were received before.
  explicit Speed(Moment begun, std::uint64_t bytes = 0) : at_(begun), bytes_(bytes) {}

  // In bytes/s; `bytes` is the total received so far.
  double measure(Moment now, std::uint64_t bytes) {
    const double elapsed = std::chrono::duration<double>(now - at_).count();
    if (elapsed <= 0) return value_;
    const double latest = bytes > bytes_ ? static_cast<double>(bytes - bytes_) / elapsed : 0;
    const double old = value_ == 0 ? 0 : std::exp(-elapsed / kMemory);
    value_ = old * value_ + (1 - old) * latest;
    at_ = now;
    bytes_ = bytes;
    return value_;
  }

  double value() const { return value_; }

 private:
  static constexpr double kMemory = 2;  // seconds

  Moment at_;
  std::uint64_t bytes_;
  double value_ = 0;
};

}  // namespace segdl::cli
