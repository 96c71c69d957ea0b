#include "cli/base/text_of_file.h"

#include "shared/system_calls.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace segdl::cli {
namespace {

constexpr std::size_t kFileRead = 16384;

// False with errno if it fails.
bool read_up_to(int descriptor, std::size_t most, std::string& text) {
  std::array<char, kFileRead> bytes;
  while (text.size() < most) {
    const std::size_t size = std::min(bytes.size(), most - text.size());
    const ::ssize_t got = retried([&] { return ::read(descriptor, bytes.data(), size); });
    if (got < 0) return false;
    if (got == 0) return true;
    text.append(bytes.data(), static_cast<std::size_t>(got));
  }
  return true;
}

}  // namespace

std::optional<std::string> text_of_file(const std::string& path, std::size_t most) {
  const int descriptor = retried([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY); });
  if (descriptor < 0) return std::nullopt;
  std::string text;
  const bool read = read_up_to(descriptor, most, text);
  const int number = errno;
  ::close(descriptor);
  errno = number;
  return read ? std::optional(std::move(text)) : std::nullopt;
}

}  // namespace segdl::cli
