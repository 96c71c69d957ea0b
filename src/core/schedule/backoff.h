// How long to wait before asking again, and when to give up.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace segdl {

// Exponential from 250 ms, doubled for each failure in a row, at most 15 s, with full jitter over its upper half (so
// between half and all of it): many clients that failed together don't come back together. What a server asked for with
// Retry-After is waited for at the least. `failures` >= 1 counts those in a row; `random` is any number.
std::chrono::milliseconds backoff(unsigned failures, std::optional<std::chrono::seconds> retry_after,
                                  std::uint64_t random);

// Failures in a row, without progress in between.
struct Failing {
  unsigned count = 0;
  unsigned broken = 0;                // of those, answers that broke off
  std::chrono::nanoseconds since{0};  // the first of them, until the latest try was made
  std::chrono::nanoseconds next{0};   // the same until the next try may be made
};

// What is given bounds the tries, whichever is reached first. If nothing is, a server that has never answered is given
// up after kRetries; one that has is given kOutage, time for a router or a server to start again, unless it does
// answer: what it sends would be sent again all that time.
struct Patience {
  std::optional<unsigned> retries = std::nullopt;                // after the first try
  std::optional<std::chrono::milliseconds> time = std::nullopt;  // no try begins later; 0: no limit

  bool is_over(const Failing&, bool has_answered) const;
};
inline constexpr unsigned kRetries = 5;
inline constexpr std::chrono::minutes kOutage{2};

}  // namespace segdl
