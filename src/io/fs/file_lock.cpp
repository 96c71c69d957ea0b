#include "io/fs/file_lock.h"

#include "io/base/retried.h"
#include "io/base/system_error.h"
#include "io/fs/named_file.h"
#include "io/fs/small_file.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <new>
#include <string_view>
#include <thread>
#include <utility>

namespace segdl::io {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxOfOwner = 256;
constexpr std::chrono::milliseconds kPauses[] = {50ms, 150ms, 400ms};  // for a lock daemon to be there again
constexpr int kTakeovers = 3;                                          // each lost to another machine
constexpr ::time_t kWrittenBy = 60;  // seconds after which a file that is still empty is a dead process's

struct ::flock whole_file() {
  struct ::flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

// Whether there are no locks of this kind, here or on this file system.
bool is_missing(int number) {
  return number == ENOLCK || number == ENOSYS || number == EOPNOTSUPP || number == EINVAL || number == ENOTTY;
}

// Whether the lock that `file` has got by `take` is refused to another open description of the file, as it must be.
// FUSE may give it to everybody: bindfs passes locks on as its own.
template <class Take>
bool keeps_others_out(int file, const Take& take) {
  if (!is_on_fuse(file)) return true;
  const std::string self = fmt::format("/proc/self/fd/{}", file);
  const Descriptor other(retried([&] { return ::open(self.c_str(), O_RDWR | O_CLOEXEC); }));
  return other && take(other.get()) != 0;  // what can't be shown is not believed
}

int take_description_lock(int file) {
  struct ::flock lock = whole_file();
  return retried([&] { return ::fcntl(file, F_OFD_SETLK, &lock); });
}

void drop_description_lock(int file) {
  struct ::flock lock = whole_file();
  lock.l_type = F_UNLCK;
  static_cast<void>(retried([&] { return ::fcntl(file, F_OFD_SETLK, &lock); }));
}

int take_flock(int file) {
  return retried([&] { return ::flock(file, LOCK_EX | LOCK_NB); });
}

void drop_flock(int file) {
  static_cast<void>(retried([&] { return ::flock(file, LOCK_UN); }));
}

struct SocketAddress {
  ::sockaddr_un address{};
  ::socklen_t length = 0;
};

// In the abstract namespace (unix(7)): of no file, and gone with the socket.
Result<SocketAddress> address_of(int file, const std::string& path) {
  struct ::stat status {};
  if (retried([&] { return ::fstat(file, &status); }) != 0) return file_error(errno, "look at", path);
  if (!number_is_steady(file, status)) return unsteady_error(path);
  const std::string name = fmt::format("segdl-lock-{:x}-{:x}", status.st_dev, status.st_ino);
  SocketAddress made;
  made.address.sun_family = AF_UNIX;
  std::copy(name.begin(), name.end(), made.address.sun_path + 1);
  made.length = static_cast<::socklen_t>(offsetof(::sockaddr_un, sun_path) + 1 + name.size());
  return made;
}

Descriptor datagram_socket() { return Descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)); }

const ::sockaddr* generic(const SocketAddress& address) {
  return reinterpret_cast<const ::sockaddr*>(&address.address);
}

// Which machine this is, and which of its network namespaces, as whose the kernel keeps abstract addresses.
std::string this_owner() {
  ::utsname names{};
  ::uname(&names);
  const auto machine = read_small_file("/etc/machine-id", kMaxOfOwner, Secrecy::any);
  std::error_code none;
  const auto space = std::filesystem::read_symlink("/proc/self/ns/net", none).string();
  std::string id = machine ? *machine : "";
  id.erase(std::remove(id.begin(), id.end(), '\n'), id.end());
  return fmt::format("{} {} {}", names.nodename, id, space);
}

std::string content_of(int directory, const std::string& name) {
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;  // it may be a FIFO by now
  const Descriptor file(retried([&] { return ::openat(directory, name.c_str(), kFlags); }));
  std::array<char, kMaxOfOwner * 2> text{};
  const auto got = file ? retried([&] { return ::pread(file.get(), text.data(), text.size(), 0); }) : -1;
  return {text.data(), static_cast<std::size_t>(std::max<::ssize_t>(got, 0))};
}

// Whether what is empty is nobody's, and not of a machine that is about to write its name. True if it is gone.
bool is_left(int directory, const std::string& name) {
  struct ::stat found {};
  if (retried([&] { return ::fstatat(directory, name.c_str(), &found, AT_SYMLINK_NOFOLLOW); }) != 0) {
    return errno == ENOENT;
  }
  return S_ISREG(found.st_mode) && found.st_mtim.tv_sec + kWrittenBy < ::time(nullptr);
}

}  // namespace

FileLock::~FileLock() {
  if (name_.empty()) return;
  try {
    // Before the socket: whoever gets that next finds nothing, or what it may take over.
    if (content_of(directory_.get(), name_) != owner_) return;  // somebody has removed ours, and another has come
    static_cast<void>(retried([&] { return ::unlinkat(directory_.get(), name_.c_str(), 0); }));
  } catch (const std::bad_alloc&) {  // then it stays, to be taken over
  }
}

// ENOLCK may pass (NFS, while its lock daemon starts), and then another process can have this very lock: the next best
// one would not be kept from it.
int FileLock::take_patiently(int file, Lacking& lacking) {
  int taken = take_description_lock(file);
  for (const auto pause : kPauses) {
    if (taken == 0 || errno != ENOLCK || !lacking.locks_may_come()) return taken;
    std::this_thread::sleep_for(pause);
    taken = take_description_lock(file);
  }
  if (taken != 0 && errno == ENOLCK) lacking.no_locks_came();
  return taken;
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
  if (take_flock(file) == 0) {
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
  if (::bind(socket.get(), generic(*address), address->length) != 0) {
    return errno == EADDRINUSE ? Result<bool>(false) : file_error(errno, "lock", path);
  }
  struct ::stat status {};
  if (retried([&] { return ::fstat(file, &status); }) != 0) return file_error(errno, "look at", path);
  auto taken = take_file(directory, fmt::format(".segdl-lock-{:x}", status.st_ino), path);
  if (!taken) return taken;
  socket_ = std::move(socket);
  way_ = Way::socket;
  return true;
}

// An error, not "false", where another machine has it: it may be dead, and only a person can know.
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
  Error error = file_error(EBUSY, "lock", path);
  error.cause = Cause::busy;
  error.reason = "a process on another machine is downloading this file, or died while it did";
  error.hints = {{Hint::remove_stale_lock, name}};
  return error;
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
  return ::connect(socket.get(), generic(*address), address->length) == 0;  // to nobody's it is refused
}

}  // namespace segdl::io
