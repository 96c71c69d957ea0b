#include "io/fs/file_lock.h"

#include "core/base/errors.h"
#include "io/base/retried.h"
#include "io/base/system_error.h"
#include "io/fs/file_system_kind.h"
#include "io/fs/named_file.h"
#include "io/fs/small_file.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <filesystem>
#include <new>
#include <span>
#include <thread>
#include <utility>

namespace segdl::io {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxOfOwner = 256;
constexpr std::chrono::milliseconds kPauses[] = {50ms, 150ms, 400ms};  // until a lock daemon is there again
constexpr std::chrono::milliseconds kLooks[] = {1ms, 10ms, 50ms};      // by then a look at the lock is over
constexpr int kTakeovers = 3;                                          // each lost to another machine
constexpr ::time_t kWrittenBy = 60;  // seconds after which an empty file is left by a dead process

struct ::flock whole_file(short type = F_WRLCK) {
  struct ::flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

// Whether such locks are not supported, here or on this file system.
bool is_missing(int number) {
  return number == ENOLCK || number == ENOSYS || number == EOPNOTSUPP || number == EINVAL || number == ENOTTY;
}

// Whether the lock that `file` got by `take` is refused to another open description, as it must be.
// FUSE may grant it to several: bindfs passes locks on as its own.
template <class Take>
bool keeps_others_out(int file, const Take& take) {
  if (!is_on_fuse(file)) return true;
  const std::string self = fmt::format("/proc/self/fd/{}", file);
  const Descriptor other(retried([&] { return ::open(self.c_str(), O_RDWR | O_CLOEXEC); }));
  return other && take(other.get()) != 0;  // not trusted unless shown
}

// The result of `take`, which is repeated after each pause as long as it fails and may succeed later.
template <class Take, class MayCome>
int take_after(std::span<const std::chrono::milliseconds> pauses, Take take, MayCome may_come) {
  int taken = take();
  for (const auto pause : pauses) {
    if (taken == 0 || !may_come()) break;
    std::this_thread::sleep_for(pause);
    taken = take();
  }
  return taken;
}

int take_description_lock(int file) {
  struct ::flock lock = whole_file();
  return retried([&] { return ::fcntl(file, F_OFD_SETLK, &lock); });
}

// ENOLCK may be transient (NFS, while its lock daemon starts). Another process could then get this very lock, which the
// fallbacks do not exclude.
int take_patiently(int file, Lacking& lacking) {
  const auto may_come = [&] { return errno == ENOLCK && lacking.locks_may_come(); };
  const int taken = take_after(
      kPauses, [&] { return take_description_lock(file); }, may_come);
  if (taken != 0 && errno == ENOLCK) lacking.no_locks_came();
  return taken;
}

void drop_description_lock(int file) {
  struct ::flock lock = whole_file(F_UNLCK);
  static_cast<void>(retried([&] { return ::fcntl(file, F_OFD_SETLK, &lock); }));
}

int take_flock(int file) {
  return retried([&] { return ::flock(file, LOCK_EX | LOCK_NB); });
}

// A look (held_by_another()) holds a shared lock for a moment, since nothing else shows who has such a lock.
int take_flock_beside_looks(int file) {
  return take_after(
      kLooks, [&] { return take_flock(file); }, [] { return errno == EWOULDBLOCK; });
}

void drop_flock(int file) {
  static_cast<void>(retried([&] { return ::flock(file, LOCK_UN); }));
}

struct SocketAddress {
  ::sockaddr_un address{};
  ::socklen_t length = 0;
  const ::sockaddr* generic() const { return reinterpret_cast<const ::sockaddr*>(&address); }
};

// In the abstract namespace (unix(7)): without a file, and gone with the socket.
Result<SocketAddress> address_of(int file, const std::string& path) {
  const auto status = status_of(file);
  if (!status) return file_error(errno, "look at", path);
  if (!number_is_steady(file, *status)) return unsteady_error(path);
  const std::string name = fmt::format("segdl-lock-{:x}-{:x}", status->st_dev, status->st_ino);
  SocketAddress made;
  made.address.sun_family = AF_UNIX;
  std::copy(name.begin(), name.end(), made.address.sun_path + 1);
  made.length = static_cast<::socklen_t>(offsetof(::sockaddr_un, sun_path) + 1 + name.size());
  return made;
}

Descriptor datagram_socket() { return Descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)); }

// Identifies this machine and its network namespace, within which the kernel keeps abstract addresses.
std::string this_owner() {
  ::utsname names{};
  ::uname(&names);
  const auto machine = read_small_file("/etc/machine-id", kMaxOfOwner, Secrecy::any);
  std::error_code none;
  const auto space = std::filesystem::read_symlink("/proc/self/ns/net", none).string();
  std::string id = machine ? *machine : "";
  std::erase(id, '\n');
  return fmt::format("{} {} {}", names.nodename, id, space);
}

std::string content_of(int directory, const std::string& name) {
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;  // it may be a FIFO by now
  const Descriptor file(retried([&] { return ::openat(directory, name.c_str(), kFlags); }));
  std::array<char, kMaxOfOwner * 2> text{};
  const auto got = file ? retried([&] { return ::pread(file.get(), text.data(), text.size(), 0); }) : -1;
  return {text.data(), static_cast<std::size_t>(std::max<::ssize_t>(got, 0))};
}

// Whether an empty file is left over, and not of a machine that is about to write its name. True if it is gone.
bool is_left(int directory, const std::string& name) {
  const auto found = status_of(directory, name);
  if (!found) return errno == ENOENT;
  return S_ISREG(found->st_mode) && found->st_mtim.tv_sec + kWrittenBy < ::time(nullptr);
}

}  // namespace

FileLock::~FileLock() {
  if (name_.empty()) return;
  try {
    // Before the socket is closed: the next owner of the socket then finds no file, or one that it may take over.
    if (content_of(directory_.get(), name_) != owner_) return;  // ours was removed, and another process has created one
    static_cast<void>(retried([&] { return ::unlinkat(directory_.get(), name_.c_str(), 0); }));
  } catch (const std::bad_alloc&) {  // the file stays, to be taken over
  }
}

Result<bool> FileLock::try_take(int file, int directory, const std::string& path, Lacking& lacking) {
  if (way_ == Way::flock || way_ == Way::socket) return true;
  if (take_patiently(file, lacking) == 0) {
    if (keeps_others_out(file, take_description_lock)) {
      way_ = Way::description;
      return true;
    }
    drop_description_lock(file);
  } else {
    if (errno == EAGAIN || errno == EACCES) return false;
    if (!is_missing(errno)) return file_error(errno, "lock", path);
  }
  if (take_flock_beside_looks(file) == 0) {
    if (keeps_others_out(file, take_flock)) {
      way_ = Way::flock;
      return true;
    }
    drop_flock(file);
  } else {
    if (errno == EWOULDBLOCK) return false;
    if (!is_missing(errno)) return file_error(errno, "lock", path);
  }
  lacking.found(Lack::locks);
  return take_socket(file, directory, path);
}

Result<bool> FileLock::take_socket(int file, int directory, const std::string& path) {
  auto address = address_of(file, path);
  if (!address) return std::move(address).error();
  Descriptor socket = datagram_socket();
  if (!socket) return file_error(errno, "lock", path);
  if (::bind(socket.get(), address->generic(), address->length) != 0) {
    return errno == EADDRINUSE ? Result<bool>(false) : file_error(errno, "lock", path);
  }
  const auto status = status_of(file);
  if (!status) return file_error(errno, "look at", path);
  auto taken = take_file(directory, fmt::format(".segdl-lock-{:x}", status->st_ino), path);
  if (!taken) return taken;
  socket_ = std::move(socket);
  way_ = Way::socket;
  return true;
}

// An error, not "false", if another machine has it: that machine may be dead, and only the user can find out.
Result<bool> FileLock::take_file(int directory, std::string name, const std::string& path) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const std::string owner = this_owner();
  for (int attempt = 0; attempt < kTakeovers; ++attempt) {
    const Descriptor file(retried([&] { return ::openat(directory, name.c_str(), kFlags, 0644); }));
    if (file && ::pwrite(file.get(), owner.data(), owner.size(), 0) < 0) {
      Error error = file_error(errno, "lock", path);
      static_cast<void>(retried([&] { return ::unlinkat(directory, name.c_str(), 0); }));
      return error;
    }
    if (!file && errno != EEXIST) return file_error(errno, "lock", path);
    const std::string found = content_of(directory, name);
    if (file && found == owner) {
      directory_ = Descriptor(retried([&] { return ::openat(directory, ".", O_PATH | O_DIRECTORY | O_CLOEXEC); }));
      name_ = std::move(name);
      owner_ = owner;
      return true;
    }
    if (found != owner && (!found.empty() || !is_left(directory, name))) break;
    static_cast<void>(retried([&] { return ::unlinkat(directory, name.c_str(), 0); }));
  }
  const char* reason = "a process on another machine is downloading this file, or died while it did";
  return with_hints(make_error(Cause::busy, "lock", path, reason), {{Hint::remove_stale_lock, name}});
}

Result<bool> FileLock::held_by_another(int file, const std::string& path) const {
  struct ::flock lock = whole_file();
  if (way_ == Way::flock || way_ == Way::socket) return false;
  const bool looked = retried([&] { return ::fcntl(file, F_OFD_GETLK, &lock); }) == 0;
  if (!looked && !is_missing(errno)) return file_error(errno, "look at the lock of", path);
  if (looked && lock.l_type != F_UNLCK) return true;
  if (looked && (way_ == Way::description || !is_on_fuse(file))) return false;
  if (retried([&] { return ::flock(file, LOCK_SH | LOCK_NB); }) == 0) {
    drop_flock(file);
    if (!is_on_fuse(file)) return false;
  } else if (errno == EWOULDBLOCK) {
    return true;
  }
  auto address = address_of(file, path);
  if (!address) return std::move(address).error();
  const Descriptor socket = datagram_socket();
  if (!socket) return file_error(errno, "look at the lock of", path);
  return ::connect(socket.get(), address->generic(), address->length) == 0;  // refused if no process has it
}

}  // namespace segdl::io
