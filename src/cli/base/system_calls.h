// Retries interrupted system calls of the command (NFS and FUSE answer EINTR to any of them): the command uses the
// library's public headers only, which have no such functions.
#pragma once

#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>

#include <sys/stat.h>

namespace segdl::cli {

// The result of `call`, retried as long as it fails with EINTR. Not for close(2).
template <class Call>
auto retried(Call call) {
  for (;;) {
    const auto result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

// The content of a file, at most `most` bytes; null with errno if it can't be read. A pipe is read until its writer
// closes it.
std::optional<std::string> text_of_file(const std::string& path, std::size_t most);

// The result of stat(2); null with errno if it fails.
std::optional<struct ::stat> look_at(const std::string& path);

}  // namespace segdl::cli
