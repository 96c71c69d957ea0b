// Where the map of a download's segments comes from, while there is one. Thread-safe.
#pragma once

#include <segdl/segment_map.h>

#include "engine/base/monitor.h"

#include <cstddef>
#include <functional>
#include <utility>

namespace segdl::engine {

class MapSource {
 public:
  // A dispatcher gives this, and takes it back, by an empty one, before it is gone: no thread is inside it when this
  // returns.
  void set(std::function<SegmentMap(std::size_t)> source) {
    const MutexLock lock(mutex_);
    source_ = std::move(source);
  }

  SegmentMap map(std::size_t cells) const {
    const MutexLock lock(mutex_);
    return source_ ? source_(cells) : SegmentMap();
  }

 private:
  mutable Mutex mutex_;  // taken before the source's
  std::function<SegmentMap(std::size_t)> source_ SEGDL_GUARDED_BY(mutex_);
};

}  // namespace segdl::engine
