// The monitor around the scheduler: which of a download's workers fetches what, while claims of an earlier run are
// being proved beside it.
//
// What all of a download's threads share is here; what one worker does with it is in worker.h, under the same mutex. It
// is not held during I/O, and nothing else is locked meanwhile. Thread-safe.
#pragma once

#include <segdl/error.h>

#include "core/schedule/kept_prefixes.h"
#include "core/schedule/read_ahead.h"
#include "core/schedule/scheduler.h"
#include "core/schedule/stragglers.h"
#include "core/schedule/unmeasured_parts.h"
#include "engine/base/monitor.h"
#include "seams/clock.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

namespace segdl::engine {

class Worker;

class Dispatcher {
 public:
  // `request_workers` is called, without the lock, when idle threads could perhaps help. REQUIRES: the clock outlives
  // this object, and this object its workers.
  Dispatcher(Layout layout, const std::vector<bool>& claims, Clock& clock, std::function<void()> request_workers);

  // Called, without the lock, with every segment that is committed or proved. REQUIRES: before there is a worker.
  void on_settled(std::function<void(Segment)> settled) { settled_ = std::move(settled); }

  std::optional<Segment> next_to_prove() {
    const MutexLock lock(mutex_);
    return first_error_ ? std::nullopt : scheduler_.next_to_prove();
  }
  void proved(Segment);
  void revoked(Segment);

  // See UnmeasuredParts: the first of such segments that are in doubt end the download.
  void unsure(const std::vector<Segment>&, std::optional<Error> contradiction);
  std::vector<Segment> doubted() const {
    const MutexLock lock(mutex_);
    return unmeasured_.doubted();
  }

  // Ends the download with this error, if it is the first.
  void fail(Error);
  std::optional<Error> error() const {
    const MutexLock lock(mutex_);
    return first_error_;
  }

  std::uint64_t missing_bytes() const {
    const MutexLock lock(mutex_);
    return scheduler_.states().missing().count() * scheduler_.states().layout().segment_size();
  }
  bool is_here(Segment segment) const {
    const MutexLock lock(mutex_);
    return scheduler_.states().is_here(segment);
  }
  // Whether nothing that is here lies behind the first segment that is missing.
  bool all_missing_behind_front() const {
    const MutexLock lock(mutex_);
    const IntervalSet& missing = scheduler_.states().missing();
    const auto first = missing.next(0);
    return first && missing.count() == scheduler_.states().layout().count() - *first;
  }
  SegmentMap map(std::size_t cells) const {
    const MutexLock lock(mutex_);
    return scheduler_.map(cells);
  }

  // Measures all workers: cuts those that hold the others up, and wakes idle ones near the end.
  void tick(Instant now);

 private:
  friend class Assignment;
  friend class Worker;

  bool over() const SEGDL_REQUIRES(mutex_) { return first_error_.has_value() || scheduler_.states().finished(); }
  bool has_missing() const SEGDL_REQUIRES(mutex_) { return !scheduler_.states().missing().empty(); }
  double seconds(Instant now) const { return std::chrono::duration<double>(now - begun_).count(); }
  // There may be new work for those who wait.
  void wake() SEGDL_REQUIRES(mutex_) {
    ++wakeups_;
    changed_.notify_all();
  }
  // See Assignment::is_asked_for_behind().
  bool may_fall_to(WorkerId, Segment) const SEGDL_REQUIRES(mutex_);
  std::optional<Error> give_back(WorkerId) SEGDL_REQUIRES(mutex_);
  std::stop_source cut_of(WorkerId) const SEGDL_REQUIRES(mutex_);
  std::optional<std::stop_source> next_to_stop() const;
  void stop_all_workers() const;
  void measure(Worker&, Instant now, double elapsed) SEGDL_REQUIRES(mutex_);
  std::vector<std::stop_source> judge(Instant now) SEGDL_REQUIRES(mutex_);

  Clock& clock_;
  const std::function<void()> request_workers_;
  std::function<void(Segment)> settled_;  // may be empty
  const Instant begun_ = clock_.now();
  mutable Mutex mutex_;
  Condition changed_;
  Scheduler scheduler_ SEGDL_GUARDED_BY(mutex_);
  Stragglers stragglers_ SEGDL_GUARDED_BY(mutex_);
  std::vector<Worker*> workers_ SEGDL_GUARDED_BY(mutex_);  // by their numbers; null: that one has left
  KeptPrefixes kept_ SEGDL_GUARDED_BY(mutex_);
  ReadAhead read_ahead_ SEGDL_GUARDED_BY(mutex_);
  UnmeasuredParts unmeasured_ SEGDL_GUARDED_BY(mutex_);
  std::optional<WorkerId> first_ SEGDL_GUARDED_BY(mutex_);  // see Worker::goes_first()
  std::optional<Error> first_error_ SEGDL_GUARDED_BY(mutex_);
  Instant last_tick_ SEGDL_GUARDED_BY(mutex_) = begun_;
  std::uint64_t wakeups_ SEGDL_GUARDED_BY(mutex_) = 0;  // how often there may have been new work
};

}  // namespace segdl::engine
