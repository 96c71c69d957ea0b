// Bounds what a power cut costs.
//
// Every second or 64 MiB the data is forced to disk and then the journal, so that what the journal claims durably is
// true durably (the digests make any order right; this order makes it cheap). A checkpoint that took t is followed by
// none for 20 t: at most 5 % of the time goes there. One worker makes it while the others go on. When forcing to disk
// fails the kernel has dropped the pages and will not report it again, so nothing since the last good checkpoint is
// believed (J4): those claims are revoked, and so is every later one, and the sync is not tried again.
//
// Thread-safe. No thread holds the mutex during I/O.
#pragma once

#include <segdl/error.h>
#include <segdl/task.h>

#include "engine/base/monitor.h"
#include "engine/store/journal/journal.h"
#include "seams/clock.h"
#include "seams/file_system.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace segdl::engine {

class Checkpoint {
 public:
  // What is forced to disk, in this order.
  struct Files {
    File& data;
    Journal& journal;
  };

  // `inherited`: claims of an earlier run; whether that run synced them is not known.
  // REQUIRES: all references outlive this object.
  Checkpoint(Clock&, Files, Sync, std::vector<Segment> inherited);

  // Called, without the lock, whenever a checkpoint begins. REQUIRES: before anything is committed.
  void before_each(std::function<void()> look) { look_ = std::move(look); }

  // The segment was committed: forces to disk if that is due.
  Result<void> committed(Segment, std::uint64_t bytes);

  // Nothing may arrive for a while: forces to disk what was committed since the last time, within the same 5 %.
  Result<void> pausing();

  // Forces everything to disk, unless Sync::none. REQUIRES: no other call is under way.
  Result<void> force();

 private:
  bool due() const SEGDL_REQUIRES(mutex_);
  std::vector<Segment> begin() SEGDL_REQUIRES(mutex_);
  Result<void> make(std::vector<Segment> covered);
  Error revoke(const std::vector<Segment>&, Error);

  Clock& clock_;
  const Files files_;
  const Sync sync_;
  std::function<void()> look_;  // may be empty
  mutable Mutex mutex_;
  std::vector<Segment> pending_ SEGDL_GUARDED_BY(mutex_);  // claims not known to be durable
  std::uint64_t pending_bytes_ SEGDL_GUARDED_BY(mutex_) = 0;
  Instant last_ SEGDL_GUARDED_BY(mutex_);
  Instant not_before_ SEGDL_GUARDED_BY(mutex_);
  bool under_way_ SEGDL_GUARDED_BY(mutex_) = false;
  std::optional<Error> broken_ SEGDL_GUARDED_BY(mutex_);
};

}  // namespace segdl::engine
