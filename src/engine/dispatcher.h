// The monitor around the scheduler: who fetches what next, while claims of an earlier run are being proved beside it.
//
// One mutex around the pure Scheduler and the first error. Nobody holds it during I/O. Thread-safe.
#pragma once

#include <segdl/error.h>

#include "core/scheduler.h"
#include "engine/monitor.h"

#include <cstdint>
#include <optional>
#include <stop_token>
#include <vector>

namespace segdl::engine {

class Dispatcher {
 public:
  Dispatcher(Layout layout, const std::vector<bool>& claims) : scheduler_(layout, claims) {}

  // The next span to fetch, at most `limit` bytes. Waits while there is nothing to fetch but something unproved that
  // may be revoked. Nothing: all segments are done. Errors: the first one told to fail(), or cancelled.
  Result<std::optional<Span>> next(std::uint64_t limit, std::stop_token);

  // Grants just this segment, if it is missing.
  bool grant(Segment);

  void committed(Segment);
  void release(Span);

  std::optional<Segment> next_to_prove();
  void proved(Segment);
  void revoked(Segment);

  // Ends everybody's work with this error, if it is the first.
  void fail(Error);

 private:
  Mutex mutex_;
  Condition changed_;
  Scheduler scheduler_ SEGDL_GUARDED_BY(mutex_);
  std::optional<Error> first_error_ SEGDL_GUARDED_BY(mutex_);
};

}  // namespace segdl::engine
