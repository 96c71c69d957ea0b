// System calls that were interrupted are made again: here, and nowhere else in this folder.
//
// Calls on a local disk are not interrupted, but file systems over a network or in a process of their own (NFS, FUSE)
// may answer EINTR to any of them, and so may a lock. close() is never made again: on Linux the descriptor is gone
// whatever it returned, and the number may be another file's by then (close(2)).
//
// A call that changes names and was interrupted may have happened all the same: the request was on its way to the
// server, and only the wait for the answer ended. So what came of it is looked at before it is made again, and once
// more if its successor fails: a link is told from another's by the file behind the name, a removal needs no look,
// since "not there" is what was wanted. Of an exclusive creation nothing tells whose the file is: that it exists is an
// error.
#pragma once

#include <dirent.h>

#include <cerrno>

namespace segdl::io {

inline bool has_failed(long result) { return result == -1; }
inline bool has_failed(const void* mapped) { return mapped == reinterpret_cast<const void*>(-1); }  // MAP_FAILED
inline bool has_failed(const ::DIR* stream) { return stream == nullptr; }

// What `call` returns, made again as long as it fails with EINTR.
template <class Call>
auto retried(Call call) {
  for (;;) {
    const auto result = call();
    if (!has_failed(result) || errno != EINTR) return result;
  }
}

// The same for a call that changes names; `happened` looks whether one that was interrupted did so. 0, or -1 and errno.
template <class Call, class Happened>
int retried(Call call, Happened happened) {
  for (bool interrupted = false;; interrupted = true) {
    if (call() == 0) return 0;
    const int number = errno;
    if ((interrupted || number == EINTR) && happened()) return 0;
    errno = number;
    if (number != EINTR) return -1;
  }
}

}  // namespace segdl::io
