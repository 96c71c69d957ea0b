// A file system that passes everything through to a folder, but for what it lacks. For tests on what is real to the
// kernel: unlike a library that is loaded into the command (preload/lacking.c) it also gives other inode numbers, stale
// handles, and one file under names in upper and lower case.
//
// Usage: lacking_disk FOLDER MOUNTPOINT [LACK:VALUE...]
//
//   locks, flock, links, flags (of rename), modes, owners, space, times, directories (their sync), attributes:
//                each call of that kind fails with the errno VALUE
//   granted:1    a lock is granted to every process that asks
//   pages:1      direct I/O: a shared mapping is refused by the kernel
//   inodes:N     another inode number in every answer; with 2 the kernel remembers one for a second
//   stale:N      the N-th write to, or sync of, a file fails with ESTALE, and that handle from then on
//   largest:N    no file gets longer than N bytes (EFBIG)
//   colons:E     a name with a colon fails with the errno E
//   names:N      a name has at most N bytes (ENAMETOOLONG)
//   case:1       names are found in any case
//   others:1     other users may use it as well (allow_other), and own what they make
//   blocks:1     reports nothing about its size (statfs)
#define FUSE_USE_VERSION 35
#include <fuse.h>

#include <dirent.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <string>

namespace {

int folder = -1;
std::map<std::string, std::uint64_t> lacks;  // written before anything is served
std::atomic<std::uint64_t> next_inode{1000};
std::mutex stale_mutex;
std::set<std::uint64_t> stale;  // handles
std::uint64_t until_stale = 0;

std::uint64_t lack(const char* what) {
  const auto found = lacks.find(what);
  return found == lacks.end() ? 0 : found->second;
}

// The negative errno value with which calls of that kind fail, or 0.
int refused(const char* what) { return -static_cast<int>(lack(what)); }

// The path in the folder. Where case does not count the last name may be there in another.
std::string real(const char* path) {
  std::string asked = ".";
  asked += path;
  struct ::stat found {};
  if (lack("case") == 0 || ::fstatat(folder, asked.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0) return asked;
  const std::size_t name = asked.rfind('/') + 1;
  const int fd = ::openat(folder, asked.substr(0, name).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ::DIR* directory = fd < 0 ? nullptr : ::fdopendir(fd);
  if (directory == nullptr) return asked;
  std::string result = asked;
  while (const ::dirent* entry = ::readdir(directory)) {
    if (::strcasecmp(entry->d_name, asked.c_str() + name) == 0) result = asked.substr(0, name) + entry->d_name;
  }
  ::closedir(directory);
  return result;
}

int done(long result) { return result < 0 ? -errno : 0; }

bool too_long(std::uint64_t length) {
  const auto found = lacks.find("largest");
  return found != lacks.end() && length > found->second;
}

// The negative errno value of what is made by that name, or 0.
int bad_name(const char* path) {
  const std::size_t length = std::strlen(std::strrchr(path, '/') + 1);
  if (lack("names") != 0 && length > lack("names")) return -ENAMETOOLONG;
  return std::strchr(path, ':') == nullptr ? 0 : refused("colons");
}

bool is_stale(std::uint64_t handle) {
  const std::lock_guard lock(stale_mutex);
  if (until_stale != 0 && --until_stale == 0) stale.insert(handle);
  return stale.count(handle) != 0;
}

int handle_of(const fuse_file_info* info) { return static_cast<int>(info->fh); }

int look(const char* path, struct ::stat* found, fuse_file_info* info) {
  const int result = info != nullptr ? ::fstat(handle_of(info), found)
                                     : ::fstatat(folder, real(path).c_str(), found, AT_SYMLINK_NOFOLLOW);
  if (result == 0 && lack("inodes") != 0) found->st_ino = next_inode++;
  return done(result);
}

int list(const char* path, void* into, fuse_fill_dir_t fill, off_t, fuse_file_info*, fuse_readdir_flags) {
  const int fd = ::openat(folder, real(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ::DIR* directory = fd < 0 ? nullptr : ::fdopendir(fd);
  if (directory == nullptr) return -errno;
  while (const ::dirent* entry = ::readdir(directory)) fill(into, entry->d_name, nullptr, 0, fuse_fill_dir_flags{});
  ::closedir(directory);
  return 0;
}

int open_as(const char* path, int flags, mode_t mode, fuse_file_info* info) {
  const int fd = ::openat(folder, real(path).c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) return -errno;
  const fuse_context* caller = fuse_get_context();
  if ((flags & O_CREAT) != 0 && lack("others") != 0 && ::fchown(fd, caller->uid, caller->gid) != 0) return -errno;
  info->fh = static_cast<std::uint64_t>(fd);
  info->direct_io = lack("pages") != 0;
  return 0;
}

int open_file(const char* path, fuse_file_info* info) { return open_as(path, info->flags & ~O_CREAT, 0, info); }

int create(const char* path, mode_t mode, fuse_file_info* info) {
  const int bad = bad_name(path);
  return bad != 0 ? bad : open_as(path, info->flags, mode, info);
}

int release(const char*, fuse_file_info* info) {
  {
    const std::lock_guard lock(stale_mutex);
    stale.erase(info->fh);
  }
  return done(::close(handle_of(info)));
}

int read_file(const char*, char* into, std::size_t length, off_t offset, fuse_file_info* info) {
  const ::ssize_t got = ::pread(handle_of(info), into, length, offset);
  return got < 0 ? -errno : static_cast<int>(got);
}

int write_file(const char*, const char* bytes, std::size_t length, off_t offset, fuse_file_info* info) {
  if (is_stale(info->fh)) return -ESTALE;
  if (too_long(static_cast<std::uint64_t>(offset) + length)) return -EFBIG;
  const ::ssize_t put = ::pwrite(handle_of(info), bytes, length, offset);
  return put < 0 ? -errno : static_cast<int>(put);
}

int sync_file(const char*, int, fuse_file_info* info) {
  return is_stale(info->fh) ? -ESTALE : done(::fdatasync(handle_of(info)));
}

int sync_directory(const char*, int, fuse_file_info*) { return refused("directories"); }

int resize(const char* path, off_t length, fuse_file_info* info) {
  if (too_long(static_cast<std::uint64_t>(length))) return -EFBIG;
  if (info != nullptr) return done(::ftruncate(handle_of(info), length));
  const int fd = ::openat(folder, real(path).c_str(), O_WRONLY | O_CLOEXEC);
  const int result = fd < 0 ? -errno : done(::ftruncate(fd, length));
  if (fd >= 0) ::close(fd);
  return result;
}

int reserve(const char*, int mode, off_t from, off_t length, fuse_file_info* info) {
  if (too_long(static_cast<std::uint64_t>(from + length))) return -EFBIG;
  return lack("space") != 0 ? refused("space") : done(::fallocate(handle_of(info), mode, from, length));
}

int remove_file(const char* path) { return done(::unlinkat(folder, real(path).c_str(), 0)); }

int make_directory(const char* path, mode_t mode) {
  if (const int bad = bad_name(path); bad != 0) return bad;
  return done(::mkdirat(folder, real(path).c_str(), mode));
}

int remove_directory(const char* path) { return done(::unlinkat(folder, real(path).c_str(), AT_REMOVEDIR)); }

int rename_file(const char* from, const char* to, unsigned flags) {
  if (const int bad = bad_name(to); bad != 0) return bad;
  if (flags != 0 && lack("flags") != 0) return refused("flags");
  return done(::renameat2(folder, real(from).c_str(), folder, real(to).c_str(), flags));
}

int link_file(const char* from, const char* to) {
  if (const int bad = bad_name(to); bad != 0) return bad;
  if (lack("links") != 0) return refused("links");
  return done(::linkat(folder, real(from).c_str(), folder, real(to).c_str(), 0));
}

int set_mode(const char* path, mode_t mode, fuse_file_info* info) {
  if (lack("modes") != 0) return refused("modes");
  return done(info != nullptr ? ::fchmod(handle_of(info), mode) : ::fchmodat(folder, real(path).c_str(), mode, 0));
}

int set_owner(const char* path, uid_t owner, gid_t group, fuse_file_info*) {
  if (lack("owners") != 0) return refused("owners");
  return done(::fchownat(folder, real(path).c_str(), owner, group, AT_SYMLINK_NOFOLLOW));
}

int set_times(const char* path, const struct ::timespec times[2], fuse_file_info* info) {
  if (lack("times") != 0) return refused("times");
  return done(info != nullptr ? ::futimens(handle_of(info), times)
                              : ::utimensat(folder, real(path).c_str(), times, AT_SYMLINK_NOFOLLOW));
}

int lock_range(const char*, fuse_file_info*, int, struct ::flock* lock) {
  if (lack("granted") != 0) lock->l_type = F_UNLCK;  // the answer to F_GETLK
  return refused("locks");
}

int lock_whole(const char*, fuse_file_info*, int) { return refused("flock"); }

std::string of_process(const char* path) { return "/proc/self/fd/" + std::to_string(folder) + "/" + real(path); }

int set_attribute(const char* path, const char* name, const char* value, std::size_t size, int flags) {
  if (lack("attributes") != 0) return refused("attributes");
  return done(::lsetxattr(of_process(path).c_str(), name, value, size, flags));
}

int attribute(const char* path, const char* name, char* value, std::size_t size) {
  if (lack("attributes") != 0) return refused("attributes");
  const ::ssize_t got = ::lgetxattr(of_process(path).c_str(), name, value, size);
  return got < 0 ? -errno : static_cast<int>(got);
}

int sizes(const char*, struct ::statvfs* system) {
  const int result = ::fstatvfs(folder, system);
  if (lack("names") != 0) system->f_namemax = lack("names");
  if (lack("blocks") != 0) system->f_blocks = system->f_bfree = system->f_bavail = 0;
  return done(result);
}

void* begin(fuse_conn_info*, fuse_config* config) {
  config->use_ino = 1;
  config->hard_remove = 1;
  config->nullpath_ok = 0;
  config->attr_timeout = config->entry_timeout = lack("inodes") == 1 || lack("case") != 0 ? 0 : 1;
  return nullptr;
}

fuse_operations operations() {
  fuse_operations result{};
  result.init = begin;
  result.getattr = look;
  result.readdir = list;
  result.open = open_file;
  result.create = create;
  result.release = release;
  result.read = read_file;
  result.write = write_file;
  result.fsync = sync_file;
  result.fsyncdir = sync_directory;
  result.truncate = resize;
  result.fallocate = reserve;
  result.unlink = remove_file;
  result.mkdir = make_directory;
  result.rmdir = remove_directory;
  result.rename = rename_file;
  result.link = link_file;
  result.chmod = set_mode;
  result.chown = set_owner;
  result.utimens = set_times;
  result.setxattr = set_attribute;
  result.getxattr = attribute;
  result.statfs = sizes;
  // Without these the kernel locks by itself.
  if (lack("locks") != 0 || lack("granted") != 0) result.lock = lock_range;
  if (lack("flock") != 0 || lack("granted") != 0) result.flock = lock_whole;
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: lacking_disk FOLDER MOUNTPOINT [LACK:VALUE...]\n", stderr);
    return 2;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::umask(0);
  folder = ::open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) {
    std::fprintf(stderr, "lacking_disk: %s: %s\n", argv[1], std::strerror(errno));
    return 1;
  }
  for (int i = 3; i < argc; ++i) {
    const std::string word = argv[i];
    const std::size_t end = std::min(word.find(':'), word.size() - 1);
    lacks[word.substr(0, end)] = std::strtoull(word.c_str() + end + 1, nullptr, 10);
  }
  until_stale = lack("stale");
  const fuse_operations served = operations();
  const std::string options = "default_permissions,fsname=lacking";
  std::array<std::string, 4> words{argv[0], "-f", "-o", options + (lack("others") != 0 ? ",allow_other" : "")};
  std::array<char*, 5> arguments{words[0].data(), words[1].data(), words[2].data(), words[3].data(), argv[2]};
  return fuse_main(static_cast<int>(arguments.size()), arguments.data(), &served, nullptr);
}
