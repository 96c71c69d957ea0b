// The empty files that a session has published.
//
// An empty file gives way to a download of its name, as one that only keeps the name; but two downloads of a session
// that have one name are a mistake, which must not go unseen because the first of them is of no bytes. A file is known
// by its name and the time of its content, which a file that is made anew does not share.
#pragma once

#include "core/base/xxh3.h"

#include "engine/base/monitor.h"
#include "seams/file_system.h"

#include <cstdint>
#include <span>
#include <string>
#include <unordered_set>

namespace segdl::engine {

// Thread-safe.
class EmptyOutputs {
 public:
  void add(const std::string& name, const FileStatus& status) {
    const MutexLock lock(mutex_);
    known_.insert(hash_of(name, status));
  }
  bool has(const std::string& name, const FileStatus& status) {
    const MutexLock lock(mutex_);
    return known_.count(hash_of(name, status)) > 0;
  }

 private:
  static std::uint64_t hash_of(const std::string& name, const FileStatus& status) {
    const std::string key = std::to_string(status.modified.time_since_epoch().count()) + '/' + name;
    return digest_of(std::as_bytes(std::span(key)));
  }

  Mutex mutex_;
  std::unordered_set<std::uint64_t> known_ SEGDL_GUARDED_BY(mutex_);
};

}  // namespace segdl::engine
