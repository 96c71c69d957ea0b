// The directory that downloads of a session go to, opened once for all that begin within a second.
//
// Most downloads of a list find nothing of their names there, and to ask for a name that is absent costs more than one
// that is present: the kernel looks it up anew each time, beside the threads that create and remove names. So after a
// few downloads the directory's names are read once and kept, as hashes. That something was absent then is only a
// reason to look no further before the lock is taken: what came since is found by what creates names, which never
// replaces (Directory::open with create_new, give_name, rename without `replace`).
#pragma once

#include <segdl/error.h>

#include "core/base/xxh3.h"
#include "engine/base/monitor.h"
#include "seams/clock.h"
#include "seams/file_system.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace segdl::engine {

// The empty files that a session has published. Thread-safe.
//
// An empty file gives way to a download of its name, as one that only keeps the name; but two downloads of a session
// that have one name are a mistake, which must not go unseen because the first of them is of no bytes. A file is known
// by its name and the time of its content, which a file that is made anew does not share.
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

// Thread-safe.
class OpenDirectory {
 public:
  // REQUIRES: `empty_outputs` outlives it.
  OpenDirectory(std::unique_ptr<Directory> directory, std::filesystem::path path, Instant since,
                EmptyOutputs& empty_outputs)
      : directory_(std::move(directory)),
        longest_name_(directory_->longest_name()),
        path_(std::move(path)),
        since_(since),
        empty_outputs_(empty_outputs) {}

  Directory& directory() const { return *directory_; }
  std::size_t longest_name() const { return longest_name_; }      // as the directory has it
  EmptyOutputs& empty_outputs() const { return empty_outputs_; }  // of the session
  // Whether nothing had this name a moment ago; false also where that is not known.
  bool lacked(const std::string& name) const;
  // The names in it that a small file may have for a moment (has_small_suffix()), as of when they were first asked for:
  // many downloads that look for what a death has left read a large directory once.
  const std::vector<std::string>& small_names();

 private:
  friend class DirectoryCache;
  bool serves(const std::filesystem::path&, Instant now) const;
  void count_download();

  const std::unique_ptr<Directory> directory_;
  const std::size_t longest_name_;
  const std::filesystem::path path_;
  const Instant since_;
  EmptyOutputs& empty_outputs_;
  std::atomic<unsigned> downloads_ = 0;
  std::atomic<bool> listed_ = false;
  std::vector<std::uint64_t> names_;  // hashes, sorted; written once, before `listed_` is set
  Mutex listing_;
  std::optional<std::vector<std::string>> small_names_ SEGDL_GUARDED_BY(listing_);  // written once
};

// Thread-safe.
class DirectoryCache {
 public:
  // REQUIRES: both outlive it.
  DirectoryCache(FileSystem& files, Clock& clock) : files_(files), clock_(clock) {}

  // For one more download. Shared: its last user closes it, so that an idle session pins none.
  // With `make`, one that is missing is made.
  Result<std::shared_ptr<OpenDirectory>> open(const std::filesystem::path&, bool make = false);

 private:
  std::shared_ptr<OpenDirectory> latest();

  FileSystem& files_;
  Clock& clock_;
  EmptyOutputs empty_outputs_;
  Mutex mutex_;
  std::weak_ptr<OpenDirectory> latest_ SEGDL_GUARDED_BY(mutex_);
};

}  // namespace segdl::engine
