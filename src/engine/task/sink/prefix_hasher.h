// The digest of everything, computed while segments come in any order.
//
//   there:    # # # . # # . .        the front: all before it is there
//   hashed:   # #                    follows the front
//                   ^
//
// One thread follows the front and reads back what is there: from the page cache, where it has just been written or
// proved, so that no worker ever waits for a digest and memory is one buffer. When the last segment comes, only what
// lies behind the front's last standstill is left to do. What was reported once stays as it is until the end: a segment
// counts when it is committed or, of an earlier run, proved.
//
// Thread-safe, but for the end: finish() is called once, by the owner, and nothing after that.
#pragma once

#include <segdl/checksum.h>
#include <segdl/error.h>

#include "core/store/layout.h"
#include "engine/base/monitor.h"
#include "engine/task/sink/whole_digest.h"
#include "seams/file_system.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace segdl::engine {

class PrefixHasher {
 public:
  // REQUIRES: `expected` holds a checksum; it and the file outlive this object.
  PrefixHasher(const std::optional<Checksum>& expected, File& data, Layout);
  // Begins to hash. Errors: there is no thread to be had.
  Result<void> start();
  ~PrefixHasher() = default;  // what is not hashed then never will be
  PrefixHasher(const PrefixHasher&) = delete;
  PrefixHasher& operator=(const PrefixHasher&) = delete;

  // The segment's bytes are in the file, and will not change. Waits for nothing.
  void settled(Segment);

  // Waits until everything is hashed, and compares. Errors: integrity about `subject`; local, if the file could not be
  // read; cancelled. REQUIRES: every segment was settled.
  Result<void> finish(const std::string& subject, const std::stop_token&);

 private:
  void run(const std::stop_token&);
  Result<void> hash(Range);
  void fail(Error);
  std::optional<Range> next(const std::stop_token&);

  File& data_;
  const Layout layout_;
  WholeDigest digest_;             // the thread's, until it has ended
  std::vector<std::byte> buffer_;  // likewise
  Mutex mutex_;
  Condition changed_;
  std::vector<bool> settled_ SEGDL_GUARDED_BY(mutex_);
  std::uint32_t front_ SEGDL_GUARDED_BY(mutex_) = 0;  // segments
  std::uint64_t hashed_ SEGDL_GUARDED_BY(mutex_) = 0;
  std::optional<Error> failed_ SEGDL_GUARDED_BY(mutex_);
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace segdl::engine
