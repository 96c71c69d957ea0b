// What is known of a running download: written by its threads through TaskProgress and ByteCounts, under one mutex, so
// that what is read of it is of one moment.
#pragma once

#include <segdl/event.h>
#include <segdl/task.h>

#include "engine/base/monitor.h"
#include "engine/progress/event_log.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace segdl::engine {

// What the report has beside the progress.
struct Tallies {
  std::uint64_t wasted = 0, revoked = 0;  // bytes
  unsigned most_connections = 0;
  std::vector<std::string> remarks;
  Hints hints;                           // that go with them
  std::vector<std::string> workarounds;  // of what the file system lacks
};

struct ProgressRecord {
  template <class What>
  void log(What&& what) SEGDL_REQUIRES(mutex) {
    if (events) events->add(std::forward<What>(what));
  }

  mutable Mutex mutex;
  Progress progress SEGDL_GUARDED_BY(mutex);
  Tallies tallies SEGDL_GUARDED_BY(mutex);
  std::optional<EventLog> events SEGDL_GUARDED_BY(mutex);  // where they are asked for
};

}  // namespace segdl::engine
