// The failures of a download's requests in a row, its back-off, and who waits for it.
//
// More of the resource than ever before ends a row and the back-off. What is fetched a second time is no progress: a
// server that cuts every response at the same place must not be asked for ever. Thread-safe.
#pragma once

#include "core/schedule/backoff.h"
#include "engine/base/monitor.h"
#include "seams/clock.h"

#include <atomic>
#include <limits>
#include <optional>

namespace segdl::engine {

class Failures {
 public:
  // More of the resource is here than ever before.
  void progressed();
  bool has_progressed() const { return progressed_; }
  // A request made at `asked` failed, or its answer broke off, as all have in a row since there was progress; those
  // that were under way together count as one.
  Failing failed(Instant asked, Instant now, bool broke_off);
  bool has_failed() const { return count_ > 0; }
  // What one more, made at `asked`, would make of it.
  Failing failing(Instant asked, Instant now) const;

  // Requests are refused for good while others are served: perhaps there are no further answers. Until one that was
  // made later is answered.
  void refused_more(Instant now) { refused_at_ = now.time_since_epoch().count(); }
  void gave_more(Instant asked);
  bool gives_no_more() const { return refused_at_ != kNever; }

  // Nothing is to be requested before then, by any worker, unless there is progress.
  void back_off_until(Instant until) { rest_ = until.time_since_epoch().count(); }
  Instant backs_off_until() const { return Instant(Instant::duration(rest_.load())); }

  // A worker that waits, until the object goes: for a slot, or for the end of a back-off.
  class Wait {
   public:
    explicit Wait(Failures& failures) : failures_(failures) { ++failures_.waiting_; }
    ~Wait() { --failures_.waiting_; }
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

   private:
    Failures& failures_;
  };
  // Whether one more worker would only wait as well.
  bool is_held_up(Instant now) const { return waiting_ > 0 || backs_off_until() > now; }

 private:
  static constexpr Instant::rep kNever = std::numeric_limits<Instant::rep>::min();

  mutable Mutex mutex_;
  std::atomic<bool> progressed_ = false;
  std::atomic<unsigned> count_ = 0;
  std::atomic<Instant::rep> refused_at_ = kNever;
  std::atomic<Instant::rep> rest_ = 0;
  std::atomic<unsigned> waiting_ = 0;
  std::optional<Instant> last_ SEGDL_GUARDED_BY(mutex_);
  Instant first_ SEGDL_GUARDED_BY(mutex_);        // since there was progress
  unsigned broken_ SEGDL_GUARDED_BY(mutex_) = 0;  // answers since then
};

}  // namespace segdl::engine
