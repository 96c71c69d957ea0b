// Which tasks of a session have ended and were not reported yet. Thread-safe.
#pragma once

#include "engine/base/monitor.h"

#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <optional>

namespace segdl::engine {

class CompletionQueue {
 public:
  // A task that will end.
  void expect(std::uint64_t id);
  // `more_follow`: others end at this moment, and one wake-up reports all of them.
  void ended(std::uint64_t id, bool more_follow);
  // Its handle is gone: it is not reported.
  void forget(std::uint64_t id);
  // As Session::next_ended().
  std::optional<std::uint64_t> next(std::chrono::milliseconds);

 private:
  Mutex mutex_;
  Condition changed_;
  // Each with its place in the list of those that have ended: so that to end needs no memory.
  std::map<std::uint64_t, std::list<std::uint64_t>> running_ SEGDL_GUARDED_BY(mutex_);
  std::list<std::uint64_t> ended_ SEGDL_GUARDED_BY(mutex_);
};

}  // namespace segdl::engine
