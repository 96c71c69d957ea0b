// How long to wait before a retry, and when to give up.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace segdl {

// Exponential from 250 ms, doubled for each consecutive failure, at most 15 s, with full jitter over its upper half (so
// between half and all of it): many clients that failed together don't retry together.
// Waits at least as long as the server asked for with Retry-After. `failures` >= 1 counts consecutive failures;
// `random` is any number.
std::chrono::milliseconds backoff(unsigned failures, std::optional<std::chrono::seconds> retry_after,
                                  std::uint64_t random);

// Consecutive failures, without progress in between.
struct Failing {
  unsigned count = 0;
  unsigned broken = 0;                // of those, responses that were cut
  std::chrono::nanoseconds since{0};  // from the first failure until the latest try was made
  std::chrono::nanoseconds next{0};   // from the first failure until the next try may be made
};

// When retries end: at the limits that are set, whichever is reached first.
// Without limits, a server that has never answered is given up after kRetries. One that has gets kOutage, time for a
// router or a server to restart, unless it keeps answering: what it sends would be sent again all that time.
struct Patience {
  std::optional<unsigned> retries = std::nullopt;                // after the first try
  std::optional<std::chrono::milliseconds> time = std::nullopt;  // no try begins later; 0: no limit

  bool is_over(const Failing&, bool has_answered) const;
};
inline constexpr unsigned kRetries = 5;
inline constexpr std::chrono::minutes kOutage{2};

}  // namespace segdl
