// Retries interrupted system calls: here, and nowhere else in this folder.
//
// Calls on a local disk are not interrupted. Network and user-space file systems (NFS, FUSE) may answer EINTR to any
// call, and so may a lock.
// close() is never retried: on Linux the descriptor is gone whatever it returned, and another file may have the number
// by then (close(2)).
//
// An interrupted call that changes names may have succeeded: the request was on its way to the server, and only the
// wait for the answer ended. So its effect is checked before it is retried, and again if the retry fails.
// - A link is recognised by the file behind the name.
// - A removal needs no check: "not there" is success.
// - An exclusive creation can't be recognised as one's own: that the file exists is an error.
#pragma once

#include <dirent.h>

#include <cerrno>

namespace segdl::io {

inline bool has_failed(long result) { return result == -1; }
inline bool has_failed(const void* mapped) { return mapped == reinterpret_cast<const void*>(-1); }  // MAP_FAILED
inline bool has_failed(const ::DIR* stream) { return stream == nullptr; }

// The result of `call`, which is retried as long as it fails with EINTR.
template <class Call>
auto retried(Call call) {
  for (;;) {
    const auto result = call();
    if (!has_failed(result) || errno != EINTR) return result;
  }
}

// The same for a call that changes names; `happened` returns whether an interrupted one took effect. 0, or -1 and
// errno.
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
