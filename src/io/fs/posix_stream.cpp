#include "io/fs/posix_stream.h"

#include "core/base/ascii.h"
#include "core/base/errors.h"
#include "io/base/descriptor.h"
#include "io/base/retried.h"
#include "io/base/stoppable_wait.h"
#include "io/base/system_error.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

namespace segdl::io {
namespace {

constexpr std::chrono::milliseconds kLookForReader{40};
constexpr int kMaxLinks = 40;              // as the kernel follows (path_resolution(7))
constexpr std::size_t kAtOnce = PIPE_BUF;  // what a pipe that is ready takes without waiting
constexpr std::size_t kMuch = 256 * 1024;

// Writing to a pipe without a reader raises SIGPIPE, whose handling belongs to the embedder. It is blocked meanwhile:
// it becomes pending for this thread, and is consumed unless it was pending before.
class NoPipeSignal {
 public:
  NoPipeSignal() {
    ::sigset_t pending;
    ::sigemptyset(&only_);
    ::sigaddset(&only_, SIGPIPE);
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &only_, &before_);
  }
  ~NoPipeSignal() {
    constexpr ::timespec kAtOnceOnly{};
    if (!was_pending_) static_cast<void>(retried([&] { return ::sigtimedwait(&only_, nullptr, &kAtOnceOnly); }));
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;

 private:
  ::sigset_t only_{};
  ::sigset_t before_{};
  bool was_pending_ = false;
};

bool is_over(const Until& last) { return last.deadline && std::chrono::steady_clock::now() >= *last.deadline; }

Error too_late(const char* operation, const std::string& path) {
  Error error = out_of_time(operation, path);
  error.reason += ": no reader takes it";
  return error;
}

class PosixStream final : public Stream {
 public:
  // `blocks`: other processes share this open description, whose flags must stay as they are.
  PosixStream(Descriptor fd, std::string path, bool blocks)
      : fd_(std::move(fd)), path_(std::move(path)), most_(blocks ? kAtOnce : kMuch) {}

  Result<void> write(std::span<const std::byte> bytes, const Until& last) override {
    const NoPipeSignal quiet;
    while (!bytes.empty()) {
      auto ready = StoppableWait(last.stop, {last.deadline.value_or(Instant::max())}).for_ready(fd_.get(), POLLOUT);
      if (!ready && ready.error().cause == Cause::cancelled) return ready;
      if (!ready && is_over(last)) return too_late("write to", path_);
      if (!ready) continue;
      const auto put = ::write(fd_.get(), bytes.data(), std::min(bytes.size(), most_));
      if (put > 0) bytes = bytes.subspan(static_cast<std::size_t>(put));
      if (put < 0 && errno != EINTR && errno != EAGAIN) return file_error(errno, "write to", path_);
    }
    return {};
  }

 private:
  Descriptor fd_;
  std::string path_;
  std::size_t most_;
};

std::optional<int> number_of(const std::string& text) {
  const auto number = parse_decimal(text);
  return number && *number <= INT_MAX ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

// The descriptor of this process that the name stands for: links are followed one by one up to the folder in which the
// kernel shows descriptors.
std::optional<int> descriptor_of(int directory, const std::string& name) {
  const std::filesystem::path own = "/proc/" + std::to_string(::getpid());
  std::error_code failed;
  std::filesystem::path at = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(directory), failed) / name;
  for (int links = 0; !failed && links < kMaxLinks; ++links) {
    const auto folder = std::filesystem::canonical(at.parent_path(), failed);
    if (failed) break;
    const bool of_thread = folder.parent_path().parent_path() == own / "task";
    if (folder == own / "fd" || (of_thread && folder.filename() == "fd")) return number_of(at.filename().string());
    const auto next = std::filesystem::read_symlink(folder / at.filename(), failed);
    at = folder / next;  // an absolute path replaces the folder
  }
  return std::nullopt;
}

// Descriptors that this process was given came through an exec. Those opened here close on exec: a journal, a socket, a
// wakeup descriptor.
bool is_private(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFD);
  return flags >= 0 && (flags & FD_CLOEXEC) != 0;
}

Result<std::unique_ptr<Stream>> refused(const std::string& path, const char* reason, Hints hints) {
  return with_hints(make_error(Cause::exists, "write to", path, reason), std::move(hints));
}

// Shares the open description: what was written to it before stays, and comes first.
Result<std::unique_ptr<Stream>> duplicate(int descriptor, const std::string& path) {
  Descriptor fd(retried([&] { return ::fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1); }));
  if (!fd) return file_error(errno, "open", path);
  return std::unique_ptr<Stream>(std::make_unique<PosixStream>(std::move(fd), path, true));
}

}  // namespace

Result<std::unique_ptr<Stream>> open_posix_stream(int directory, const std::string& name, const std::string& path,
                                                  const Until& last) {
  const auto found = status_of(directory, name, 0);
  if (!found) return std::unique_ptr<Stream>();
  const auto named = status_of(directory, name);
  const bool is_link = named && S_ISLNK(named->st_mode);
  const int own = is_link ? descriptor_of(directory, name).value_or(-1) : -1;
  if (own >= 0 && is_private(own)) {
    return refused(path, "it is a descriptor that is open for this process alone",
                   {Hint::pass_descriptor, Hint::choose_other_name});
  }
  const ::mode_t kind = found->st_mode & S_IFMT;
  if (kind == S_IFDIR) return refused(path, "it is a directory", {Hint::separate_directory});
  if (kind == S_IFBLK) {
    return refused(path, "it is a block device, and nothing is written over one", {Hint::use_consumer});
  }
  if (kind != S_IFIFO && kind != S_IFCHR) {
    if (own >= 0) return duplicate(own, path);
    if (kind == S_IFSOCK) return refused(path, "it is a socket", {Hint::choose_other_name});
    return std::unique_ptr<Stream>();
  }
  // Opening a FIFO for writing must wait for a reader.
  constexpr int kFlags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  for (;;) {
    Descriptor fd(retried([&] { return ::openat(directory, name.c_str(), kFlags); }));
    if (fd) return std::unique_ptr<Stream>(std::make_unique<PosixStream>(std::move(fd), path, false));
    const int number = errno;
    if (own >= 0 && (number == EACCES || number == EPERM)) return duplicate(own, path);  // another user owns it
    if (kind != S_IFIFO || number != ENXIO) return file_error(number, "open", path);
    if (is_over(last)) return too_late("open", path);
    auto waited = StoppableWait(last.stop, deadline_after(kLookForReader, {}, last.deadline)).for_any({});
    if (!waited && waited.error().cause == Cause::cancelled) return std::move(waited).error();
  }
}

}  // namespace segdl::io
