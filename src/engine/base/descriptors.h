// How many descriptors a session may have open, shared out when it begins: with a low RLIMIT_NOFILE it works with fewer
// threads and holds fewer files that wait for their names, and does not fail where it meets the limit.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace segdl::engine {

struct Descriptors {
  // What one thread at work has open at most: two connections while it looks for the better address, what wakes it, the
  // directory, and the data, journal and lock of a download. One that waits for its name: directory, data and lock.
  static constexpr std::uint64_t kOfThread = 7;
  static constexpr std::uint64_t kOfHeld = 3;
  static constexpr std::uint64_t kOfSession = 4;  // certificates, a name lookup, what the program opens meanwhile
  static constexpr std::uint64_t kMaxHeld = 96;

  std::size_t threads = 1;
  std::size_t held = 1;  // published files, waiting or under way

  // `left`: what the process may open still. One thread and one file are enough for every download to end.
  static Descriptors shared_out(std::uint64_t left, std::size_t wanted_threads) {
    const std::uint64_t usable =
        left - std::min(left, kOfSession + kOfThread + kOfHeld);  // beyond one thread's and file's
    const std::uint64_t more = std::min<std::uint64_t>(wanted_threads - 1, usable / (kOfThread + kOfHeld));
    const std::uint64_t held = std::min(kMaxHeld - 1, (usable - more * kOfThread) / kOfHeld);
    return {static_cast<std::size_t>(1 + more), static_cast<std::size_t>(1 + held)};
  }
};

}  // namespace segdl::engine
