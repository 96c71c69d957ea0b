// System calls that are retried when they were interrupted (NFS and FUSE answer EINTR to any of them). The library's
// own are in io, which neither a batch nor the command sees.
#pragma once

#include <cerrno>
#include <filesystem>
#include <optional>

#include <sys/stat.h>

namespace segdl {

// The result of `call`, retried as long as it fails with EINTR. Not for close(2).
template <class Call>
auto retried(Call call) {
  for (;;) {
    const auto result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

// The result of stat(2); null with errno if it fails.
inline std::optional<struct ::stat> look_at(const std::filesystem::path& path) {
  struct ::stat found {};
  return retried([&] { return ::stat(path.c_str(), &found); }) == 0 ? std::optional(found) : std::nullopt;
}

inline bool is_file(const std::filesystem::path& path) {
  const auto found = look_at(path);
  return found && S_ISREG(found->st_mode);
}

}  // namespace segdl
