// An exclusive lock on an open file that goes with its process, however that dies.
//
// Tried in this order, and each only where the one before is not to be had, or is given to everybody (FUSE):
//
//   F_OFD_SETLK   a lock of the open file description
//   flock         another, where the system or the file system has only that
//   a socket      bound to an abstract address that is the file's device and inode: the kernel gives it to one process
//                 of this machine (of its network namespace), and takes it back when that dies
//
// ENOLCK counts as "not to be had" only if it lasts for half a second, once in a session.
//
// Beside the socket there is a file, .segdl-lock-INODE, which names the machine and namespace whose process has it, for
// file systems that several machines share. Who has the socket of its own machine knows that nobody else of it is
// alive: a file that names this machine is a dead process's, and is taken over. One that names another is somebody
// else's until a person removes it. A file that is empty, as a death within its creation leaves it, is
// nobody's once it is a minute old; until then its maker may be about to write.
#pragma once

#include "io/base/descriptor.h"
#include "io/fs/lacking.h"

#include <segdl/error.h>

#include <string>

namespace segdl::io {

// Used by one thread at a time.
class FileLock {
 public:
  FileLock() = default;
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  // Takes the lock of `file`, which must stay open as long as this object lives; `directory` is the open one that it is
  // in. False if another open description has it. Errors: those of the call, for `path`.
  Result<bool> try_take(int file, int directory, const std::string& path, Lacking&);

  bool is_taken() const { return way_ != Way::none; }

  // Whether another open description has it; takes nothing.
  Result<bool> held_by_another(int file, const std::string& path) const;

 private:
  enum class Way { none, description, flock, socket };

  static int take_patiently(int file, Lacking&);
  Result<bool> take_socket(int file, int directory, const std::string& path);
  Result<bool> take_file(int directory, std::string name, const std::string& path);

  Way way_ = Way::none;
  Descriptor socket_;
  Descriptor directory_;  // of the file beside the socket
  std::string name_;      // its name, if it is ours
  std::string owner_;     // what is in it as long as it is
};

}  // namespace segdl::io
