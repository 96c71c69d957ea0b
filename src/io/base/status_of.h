// fstat(2) and fstatat(2).
#pragma once

#include "io/base/retried.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <optional>
#include <string>

namespace segdl::io {

// Nothing and errno on failure.
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
