// How long to wait before asking again.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace segdl {

// Exponential from 250 ms, doubled for each failure in a row, at most 30 s, with full jitter over its upper half (so
// between half and all of it): many clients that failed together don't come back together. What a server asked for with
// Retry-After is waited for at the least. `failures` >= 1 counts those in a row; `random` is any number.
std::chrono::milliseconds backoff(unsigned failures, std::optional<std::chrono::seconds> retry_after,
                                  std::uint64_t random);

}  // namespace segdl
