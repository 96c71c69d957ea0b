// The bytes of a running download: how many are here, and what became of those that are not. Thread-safe.
#pragma once

#include "engine/progress/progress_record.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace segdl::engine {

class ByteCounts {
 public:
  // REQUIRES: the record outlives it.
  explicit ByteCounts(ProgressRecord& record) : record_(record) {}

  // A start, or a new one.
  void plan(Planned);

  void received(std::uint64_t bytes) {
    const MutexLock lock(record_.mutex);
    record_.progress.fetched += bytes;
    record_.progress.done += bytes;
  }

  // Received before, and now thrown away.
  void discarded(std::uint64_t bytes) {
    const MutexLock lock(record_.mutex);
    record_.tallies.wasted += bytes;
    record_.progress.done -= bytes;
  }

  // What was thrown away is of use after all.
  void regained(std::uint64_t bytes) {
    const MutexLock lock(record_.mutex);
    record_.tallies.wasted -= bytes;
    record_.progress.done += bytes;
  }

  // Claimed from another tool's file.
  void adopted(std::uint64_t bytes) {
    const MutexLock lock(record_.mutex);
    record_.progress.done += bytes;
    record_.progress.reused += bytes;
  }

  void proved(std::uint64_t bytes) {
    const MutexLock lock(record_.mutex);
    record_.progress.verified += bytes;
  }

  void revoked(Range);
  // A claim whose proof failed at the end: of an earlier run, unless it was fetched in this one.
  void damaged(Range, bool inherited);

  // The resource changed, and this is how it shows.
  void changed(const std::string& reason);
  // Everything received so far was of another version.
  void start_over();

 private:
  ProgressRecord& record_;
  std::set<std::uint64_t> revoked_ranges_ SEGDL_GUARDED_BY(record_.mutex);  // where they begin: fetched in this run
  std::optional<Planned> planned_ SEGDL_GUARDED_BY(record_.mutex);
};

}  // namespace segdl::engine
