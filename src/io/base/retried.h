// Retries interrupted system calls: here, and nowhere else in io. With the one that all of its folders make:
// status_of().
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
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <string>

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

// The status of an open file (fstat(2)). Nothing and errno on failure.
inline std::optional<struct ::stat> status_of(int descriptor) {
  struct ::stat found {};
  const int looked = retried([&] { return ::fstat(descriptor, &found); });
  return looked == 0 ? std::optional(found) : std::nullopt;
}

// The same for what has this name in an open directory; with `flags` 0 for what it leads to.
inline std::optional<struct ::stat> status_of(int directory, const std::string& name, int flags = AT_SYMLINK_NOFOLLOW) {
  struct ::stat found {};
  const int looked = retried([&] { return ::fstatat(directory, name.c_str(), &found, flags); });
  return looked == 0 ? std::optional(found) : std::nullopt;
}

}  // namespace segdl::io
