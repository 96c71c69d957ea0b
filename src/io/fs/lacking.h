// What the file systems of a session lack, and what is done instead: decided once for each kind of lack, and reported
// once.
//
//   lack          shown by                                         instead
//   locks         fcntl and flock: ENOLCK, ENOSYS, EOPNOTSUPP ...  file_lock.h
//   modes         fchmod: EPERM ...                                the mode that the file was created with
//   mappings      mmap: ENODEV, EINVAL ...                         the journal is written
//   rename_flags  renameat2: EINVAL, ENOSYS, EOPNOTSUPP ...        link and unlink
//   links         linkat: EPERM, EOPNOTSUPP, EMLINK ...            a look at the name, and a plain rename
//   unnamed       O_TMPFILE: anything but a shortage               small files have a journal
//   numbers       fstat: one file has another each time           a time that is set marks a file (named_file.h)
//   space         fallocate: anything but a shortage               what is missing shows when it is written
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace segdl::io {

enum class Lack : std::uint8_t { locks, modes, mappings, rename_flags, links, unnamed, space, numbers };

// Whether the errno value is a real error of a disk, a limit or a permission. Any other value, of a call that not every
// file system has, means that this file system lacks it.
bool is_shortage_of_disk(int number);

// Whether the errno value of renameat2 means that flags are not supported here: by an old kernel, the file system, or a
// sandbox that does not know the call.
bool lacks_flags(int number);
// Whether the errno value of linkat means that links are not supported; a sandbox may forbid them.
bool lacks_links(int number);

// Thread-safe.
class Lacking {
 public:
  void found(Lack);
  // Whether a lock that failed with ENOLCK is worth a retry: until no_locks_came().
  bool locks_may_come();
  void no_locks_came();
  // Sentences for the lacks found since the last call.
  std::vector<std::string> take();

 private:
  std::mutex mutex_;
  std::uint32_t found_ = 0;  // a bit for each lack
  std::uint32_t told_ = 0;
  bool no_locks_came_ = false;
};

}  // namespace segdl::io
