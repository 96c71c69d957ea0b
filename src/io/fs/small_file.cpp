#include "io/fs/small_file.h"

#include "core/base/errors.h"
#include "io/base/descriptor.h"
#include "io/base/retried.h"
#include "io/base/system_error.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

namespace segdl::io {
namespace {

constexpr std::chrono::seconds kPatience{10};

Error unusable(const std::filesystem::path& path, std::string reason, Hints hints = {}) {
  return with_hints(make_error(Cause::usage, "read", path.string(), std::move(reason)), std::move(hints));
}

// 0 at the end, a negative errno on failure.
::ssize_t read_some(int file, char* into, std::size_t size, std::chrono::steady_clock::time_point until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return -ETIMEDOUT;  // checked here too: bytes may keep arriving
    ::pollfd readable{file, POLLIN, 0};
    const int ready = ::poll(&readable, 1, static_cast<int>(left.count()));
    if (ready == 0) return -ETIMEDOUT;
    const auto got = ready < 0 ? -1 : ::read(file, into, size);
    if (got >= 0) return got;
    if (errno != EINTR && errno != EAGAIN) return -errno;
  }
}

}  // namespace

Result<std::string> read_small_file(const std::filesystem::path& path, std::size_t most, Secrecy secrecy,
                                    std::vector<std::string>* notes) {
  // NONBLOCK: opening a FIFO must not wait for a writer. NOCTTY: a terminal must not become ours.
  constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  const Descriptor file(retried([&] { return ::open(path.c_str(), kFlags); }));
  const auto found = file ? status_of(file.get()) : std::nullopt;
  if (!found) return unusable(path, system_words(errno));
  const bool others_write = (found->st_mode & (S_IWGRP | S_IWOTH)) != 0;
  const bool others_read = (found->st_mode & (S_IRGRP | S_IROTH)) != 0;
  if (secrecy == Secrecy::secret && (others_write || others_read)) {
    std::string problem = fmt::format("it holds passwords, and others than its owner may {} it (mode {:04o})",
                                      others_write ? "write" : "read", found->st_mode & 07777U);
    if (others_write) return unusable(path, std::move(problem), {{Hint::restrict_permissions, path.string()}});
    if (notes != nullptr) notes->push_back(fmt::format("{}: {}", path.string(), problem));
  }
  std::string text;
  const auto until = std::chrono::steady_clock::now() + kPatience;
  char part[16 * 1024];
  while (text.size() <= most) {
    const auto got = read_some(file.get(), part, std::min(sizeof part, most + 1 - text.size()), until);
    if (got == -ETIMEDOUT) return unusable(path, "it did not end within 10 s");
    if (got < 0) return unusable(path, system_words(static_cast<int>(-got)));
    if (got == 0) break;
    text.append(part, static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace segdl::io
