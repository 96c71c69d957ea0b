#include "core/schedule/rate_limit.h"

#include <algorithm>
#include <cmath>

namespace segdl {
namespace {

using std::chrono::nanoseconds;

// Lost time may be made up for this long, and no longer: a reader that woke up late catches up, a pause is not followed
// by a burst.
constexpr std::chrono::milliseconds kSlack{50};

constexpr std::uint64_t kSmallest = 256;
constexpr std::uint64_t kLargest = 256 * 1024;

constexpr double kLongestWait = 1e18;  // ns, 30 years: far from overflow

}  // namespace

void RateLimit::set(std::uint64_t bytes_per_second, Instant now) {
  const std::uint64_t before = rate_;
  rate_ = bytes_per_second;
  if (before == 0 || rate_ == 0 || level_ < now) level_ = now;
  if (rate_ <= before) return;
  const auto wait = std::chrono::duration<double, std::nano>(level_ - now);
  level_ = now + nanoseconds(std::llround(wait.count() * static_cast<double>(before) / static_cast<double>(rate_)));
}

RateLimit::Instant RateLimit::consume(std::uint64_t bytes, Instant now) {
  if (rate_ == 0) return now;
  level_ = std::max(level_, now - kSlack);
  const double ahead = std::chrono::duration<double, std::nano>(level_ - now).count();
  const double cost = static_cast<double>(bytes) * 1e9 / static_cast<double>(rate_) + fraction_;
  const double whole = std::floor(std::min(cost, kLongestWait - ahead));
  fraction_ = std::min(cost - whole, 1.0);
  level_ += nanoseconds(static_cast<std::int64_t>(whole));
  return std::max(level_, now);
}

std::uint64_t RateLimit::max_read() const {
  return rate_ == 0 ? kLargest : std::clamp(rate_ / 1024, kSmallest, kLargest);
}

}  // namespace segdl
