// A disk that remembers in which order it was written and flushed: one file in a FUSE file system, for a loop device
// with direct I/O to stand on. What the file system on that device writes arrives as a write, and what it flushes as an
// fsync; both are appended to a log, from which every state that a power cut could leave is made. What is written to
// the second file, `mark`, is put between them.
//
// Usage: plug_disk IMAGE LOG MOUNTPOINT
//
// The log, little-endian: kind (4 bytes: 'W', 'S' or 'M'), length (4), offset (8), and that many bytes.
//
// One thread answers, one request after the other: the order in the log is the order in which the disk had them.
// Nothing here may wait for the file system on top, so image and log belong on another one, best in memory.
#define FUSE_USE_VERSION 35
#include <fuse.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace {

constexpr std::string_view kDisk = "/disk";
constexpr std::string_view kMark = "/mark";

int image = -1;
int log_file = -1;

enum class Kind : std::uint32_t { write = 'W', sync = 'S', mark = 'M' };

struct Record {
  Kind kind;
  std::uint32_t length;
  std::uint64_t offset;
};
static_assert(sizeof(Record) == 16);

// A log with a hole would prove nothing: without room for it the disk fails instead.
int append(Kind kind, const char* bytes, std::size_t length, std::uint64_t offset) {
  Record record{kind, static_cast<std::uint32_t>(length), offset};
  // writev() only reads what it is given.
  const std::array<::iovec, 2> parts{{{&record, sizeof record}, {const_cast<char*>(bytes), length}}};
  const ::ssize_t put = ::writev(log_file, parts.data(), static_cast<int>(parts.size()));
  return put == static_cast<::ssize_t>(sizeof record + length) ? 0 : -EIO;
}

int look(const char* path, struct ::stat* found, fuse_file_info*) {
  *found = {};
  if (std::string_view(path) == "/") {
    found->st_mode = S_IFDIR | 0700;
    found->st_nlink = 2;
    return 0;
  }
  found->st_mode = S_IFREG | 0600;
  found->st_nlink = 1;
  if (path == kMark) return 0;
  if (path != kDisk) return -ENOENT;
  struct ::stat real {};
  if (::fstat(image, &real) != 0) return -errno;
  found->st_size = real.st_size;
  return 0;
}

int open_file(const char* path, fuse_file_info* info) {
  if (path != kDisk && path != kMark) return -ENOENT;
  info->direct_io = 1;
  return 0;
}

int read_file(const char* path, char* into, std::size_t length, off_t offset, fuse_file_info*) {
  if (path != kDisk) return 0;
  const ::ssize_t got = ::pread(image, into, length, offset);
  return got < 0 ? -errno : static_cast<int>(got);
}

int write_file(const char* path, const char* bytes, std::size_t length, off_t offset, fuse_file_info*) {
  const bool mark = path == kMark;
  if (!mark && ::pwrite(image, bytes, length, offset) != static_cast<::ssize_t>(length)) return -EIO;
  const int logged = append(mark ? Kind::mark : Kind::write, bytes, length, static_cast<std::uint64_t>(offset));
  return logged == 0 ? static_cast<int>(length) : logged;
}

int sync_file(const char* path, int, fuse_file_info*) { return path == kDisk ? append(Kind::sync, nullptr, 0, 0) : 0; }

int shorten(const char* path, off_t, fuse_file_info*) { return path == kMark ? 0 : -EPERM; }

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: plug_disk IMAGE LOG MOUNTPOINT\n", stderr);
    return 2;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // or it would keep the mounts of a driver that was killed
  image = ::open(argv[1], O_RDWR | O_CLOEXEC);
  log_file = ::open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (image < 0 || log_file < 0) {
    std::fprintf(stderr, "plug_disk: %s: %s\n", argv[image < 0 ? 1 : 2], std::strerror(errno));
    return 1;
  }
  fuse_operations operations{};
  operations.getattr = look;
  operations.open = open_file;
  operations.read = read_file;
  operations.write = write_file;
  operations.fsync = sync_file;
  operations.truncate = shorten;
  char foreground[] = "-f", one_thread[] = "-s";
  std::array<char*, 4> arguments{argv[0], foreground, one_thread, argv[3]};
  return fuse_main(static_cast<int>(arguments.size()), arguments.data(), &operations, nullptr);
}
