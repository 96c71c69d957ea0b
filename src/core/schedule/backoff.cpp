#include "core/schedule/backoff.h"

#include <algorithm>

namespace segdl {
namespace {

constexpr std::chrono::milliseconds kFirst{250};
constexpr std::chrono::milliseconds kLongest{15'000};

}  // namespace

std::chrono::milliseconds backoff(unsigned failures, std::optional<std::chrono::seconds> retry_after,
                                  std::uint64_t random) {
  const unsigned doublings = std::min(failures - 1, 10U);
  const auto whole = std::min(kFirst * (1U << doublings), kLongest);
  const auto half = whole / 2;
  const auto jitter = std::chrono::milliseconds(random % static_cast<std::uint64_t>(half.count() + 1));
  const std::chrono::milliseconds pause = whole - half + jitter;
  return retry_after ? std::max<std::chrono::milliseconds>(pause, *retry_after) : pause;
}

bool Patience::is_over(const Failing& failing, bool has_answered) const {
  if (retries && failing.count > *retries) return true;
  if (time && time->count() > 0 && failing.next > *time) return true;
  if (retries || time) return false;
  if (failing.broken > kRetries) return true;
  return failing.count > kRetries && (!has_answered || failing.since >= kOutage);
}

}  // namespace segdl
