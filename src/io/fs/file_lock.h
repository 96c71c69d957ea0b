// An exclusive lock on an open file that is released when its process ends, however that happens.
//
// Tried in this order. The next one is used only if the one before is not available, or is granted to several (FUSE):
//
//   F_OFD_SETLK   a lock of the open file description
//   flock         another, where the system or the file system has only that
//   a socket      bound to an abstract address that is the file's device and inode: the kernel gives it to one process
//                 of this machine (of its network namespace), and takes it back when that dies
//
// ENOLCK means "not available" only if it lasts for half a second, once in a session.
//
// The socket is accompanied by a file .segdl-lock-INODE, for file systems that several machines share. It names the
// machine and namespace of the process that has the lock.
// - If it names this machine, its process is dead, because this process now has the machine's socket: the file is taken
//   over.
// - If it names another machine, the lock is taken until the user removes the file.
// - If it is empty, its process died while creating it or is about to write: it is taken over once it is a minute old.
#pragma once

#include "io/base/descriptor.h"
#include "io/fs/lacking.h"

#include <segdl/error.h>

#include <string>

namespace segdl::io {

// Used by one thread at a time.
class FileLock {
 public:
  ~FileLock();

  // Takes the lock of `file`, which must stay open as long as this object lives; `directory` is its open directory.
  // False if another open description has the lock. Errors: those of the call, for `path`.
  Result<bool> try_take(int file, int directory, const std::string& path, Lacking&);

  bool is_taken() const { return way_ != Way::none; }

  // Whether another open description has the lock. Where there is only flock a shared one is taken for a moment, which
  // try_take() waits out.
  Result<bool> held_by_another(int file, const std::string& path) const;

 private:
  enum class Way { none, description, flock, socket };

  Result<bool> take_socket(int file, int directory, const std::string& path);
  Result<bool> take_file(int directory, std::string name, const std::string& path);

  Way way_ = Way::none;
  Descriptor socket_;
  Descriptor directory_;  // of the file beside the socket
  std::string name_;      // its name, if this process owns it
  std::string owner_;     // its content while this process owns it
};

}  // namespace segdl::io
