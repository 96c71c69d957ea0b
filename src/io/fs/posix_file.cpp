#include "io/fs/posix_file.h"

#include "core/base/errors.h"
#include "io/base/retried.h"
#include "io/base/system_error.h"
#include "io/fs/file_lock.h"
#include "io/fs/file_system_kind.h"
#include "io/fs/named_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <utility>

namespace segdl::io {
namespace {

constexpr const char* kNamespace = "user.";
constexpr std::size_t kMaxOfAttribute = 4096;  // segdl's own are never longer

class PosixMapping final : public Mapping {
 public:
  PosixMapping(void* address, std::size_t size, std::string path)
      : bytes_(static_cast<std::byte*>(address), size), path_(std::move(path)) {}
  ~PosixMapping() override { ::munmap(bytes_.data(), bytes_.size()); }
  PosixMapping(const PosixMapping&) = delete;
  PosixMapping& operator=(const PosixMapping&) = delete;

  std::span<std::byte> bytes() override { return bytes_; }

  Result<void> sync() override {
    const int synced = retried([&] { return ::msync(bytes_.data(), bytes_.size(), MS_SYNC); });
    return synced == 0 ? Result<void>() : file_error(errno, "sync", path_);
  }

 private:
  std::span<std::byte> bytes_;
  std::string path_;
};

// Remedy::refetch if the disk, or one of its checks, lost the data; other errors may be transient.
Error read_error(int number, const std::string& path, std::uint64_t offset) {
  Error error = file_error(number, "read", path, offset);
  const bool lost = number == EIO || number == EUCLEAN || number == EREMOTEIO || number == ENODATA ||
                    number == EILSEQ || number == EBADMSG;  // EBADMSG: a check of the file system that does not match
  if (lost) error.remedy = Remedy::refetch;
  return error;
}

// `Interface`: File or an interface derived from it.
template <class Interface>
class PosixFile : public Interface {
 public:
  PosixFile(Descriptor fd, std::string path, PosixFolder folder)
      : fd_(std::move(fd)), folder_(std::move(folder)), path_(std::move(path)) {}

  Result<FileStatus> status() override {
    const auto found = status_of(fd_.get());
    if (!found) return file_error(errno, "look at", path_);
    FileStatus file = status_from(*found);
    file.may_be_planted = folder_.may_be_planted;
    return file;
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      const auto got = retried([&] {
        return ::pread(fd_.get(), into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      });
      if (got == 0) break;
      if (got < 0) return read_error(errno, path_, offset + done);
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  std::uint64_t first_hole() override {
    const auto found = status_of(fd_.get());
    if (!found) return 0;
    off_t hole = -1;
    if (!finds_holes_slowly(fd_.get())) hole = retried([&] { return ::lseek(fd_.get(), 0, SEEK_HOLE); });
    return static_cast<std::uint64_t>(hole < 0 ? found->st_size : hole);
  }

  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    for (std::size_t done = 0; done < bytes.size();) {
      const auto put = retried([&] {
        return ::pwrite(fd_.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
      });
      if (put <= 0) return file_error(put < 0 ? errno : EIO, "write", path_, offset + done);
      done += static_cast<std::size_t>(put);
    }
    return {};
  }

  Result<bool> reserve(std::uint64_t length) override {
    if (length == 0) return true;  // fallocate(2) calls that invalid
    if (length > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max()))
      return file_error(EFBIG, "reserve space for", path_);
    const auto size = static_cast<off_t>(length);
    if (retried([&] { return ::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, 0, size); }) == 0) return true;
    if (!is_shortage_of_disk(errno)) {
      folder_.lacking->found(Lack::space);
      if (!has_no_room(length)) return false;
      errno = ENOSPC;
    }
    return file_error(errno, "reserve " + std::to_string(length) + " bytes for", path_);
  }

  Result<void> resize(std::uint64_t length) override {
    if (retried([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(length)); }) == 0) return {};
    const int number = errno;
    // Some file systems can only truncate (ftruncate(2)): writing the last byte extends the file.
    const auto found = status_of(fd_.get());
    const bool grows = found && static_cast<std::uint64_t>(found->st_size) < length;
    const bool can_not = number == EPERM || number == EINVAL || number == EOPNOTSUPP || number == ENOSYS;
    if (!grows || !can_not) return file_error(number, "set the length of", path_);
    constexpr std::byte kZero{0};
    const auto lengthened = write_at(length - 1, std::span(&kZero, 1));
    return lengthened ? lengthened : file_error(number, "set the length of", path_);
  }

  Result<void> sync() override {
    // Only an interrupted call is retried: after a failed one the kernel considers the lost pages clean.
    const int synced = retried([&] { return ::fdatasync(fd_.get()); });
    return synced == 0 ? Result<void>() : file_error(errno, "sync", path_);
  }

  void start_sync() override { static_cast<void>(::sync_file_range(fd_.get(), 0, 0, SYNC_FILE_RANGE_WRITE)); }

  Result<void> change(const FileChange& wanted) override {
    auto step = wanted.owner ? set_owner(*wanted.owner) : Result<void>();
    if (step && wanted.mode) step = set_mode(*wanted.mode);
    return step && wanted.modified ? set_modified(*wanted.modified) : step;
  }

  Result<void> set_attribute(const std::string& name, std::span<const std::byte> value) override {
    const std::string full = kNamespace + name;
    const int set = retried([&] { return ::fsetxattr(fd_.get(), full.c_str(), value.data(), value.size(), 0); });
    return set == 0 ? Result<void>() : file_error(errno, "set an attribute of", path_);
  }

  std::optional<std::vector<std::byte>> attribute(const std::string& name) override {
    const std::string full = kNamespace + name;
    std::vector<std::byte> value(kMaxOfAttribute);
    const auto got = retried([&] { return ::fgetxattr(fd_.get(), full.c_str(), value.data(), value.size()); });
    if (got < 0) return std::nullopt;
    value.resize(static_cast<std::size_t>(got));
    return value;
  }

  Result<bool> has_name(const std::string& name) override {
    const auto mine = status_of(fd_.get());
    if (!mine) return file_error(errno, "look at", path_);
    const auto named = status_of(folder_.directory, name);
    if (!named) return errno == ENOENT ? Result<bool>(false) : file_error(errno, "look at", path_);
    if (status_from(*mine).id == status_from(*named).id) return true;
    return S_ISREG(named->st_mode) ? has_name_of_two_numbers(name, *mine) : Result<bool>(false);
  }

  Result<bool> try_lock() override { return lock_.try_take(fd_.get(), folder_.directory, path_, *folder_.lacking); }

  Result<bool> locked_by_another() override { return lock_.held_by_another(fd_.get(), path_); }

  Result<std::unique_ptr<Mapping>> map(std::uint64_t length) override {
    if (!maps_well(fd_.get())) return std::unique_ptr<Mapping>();
    constexpr int kAccess = PROT_READ | PROT_WRITE;
    void* address = retried([&] { return ::mmap(nullptr, length, kAccess, MAP_SHARED, fd_.get(), 0); });
    if (address == MAP_FAILED) {
      folder_.lacking->found(Lack::mappings);
      return file_error(errno, "map", path_);
    }
    return std::unique_ptr<Mapping>(std::make_unique<PosixMapping>(address, length, path_));
  }

 protected:
  Descriptor fd_;
  PosixFolder folder_;
  std::string path_;

 private:
  Result<void> set_mode(unsigned mode) {
    if (retried([&] { return ::fchmod(fd_.get(), mode); }) == 0) return {};
    folder_.lacking->found(Lack::modes);
    return file_error(errno, "set the mode of", path_);
  }

  Result<void> set_owner(const FileChange::Owner& owner) {
    const int set = retried([&] { return ::fchown(fd_.get(), owner.owner, owner.group); });
    return set == 0 ? Result<void>() : file_error(errno, "set the owner of", path_);
  }

  Result<void> set_modified(std::chrono::sys_time<std::chrono::nanoseconds> time) {
    // Sets both times: libfuse 2 calls a file system only if both are set, and reports success if not.
    const auto before = status_of(fd_.get());
    if (!before) return file_error(errno, "look at", path_);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const ::time_t wanted = seconds.time_since_epoch().count();
    const std::array<::timespec, 2> times{{before->st_atim, {wanted, (time - seconds).count()}}};
    const int set = retried([&] { return ::futimens(fd_.get(), times.data()); });
    if (set != 0) return file_error(errno, "set the time of", path_);
    constexpr ::time_t kCoarsest = 2;  // vfat
    const auto after = status_of(fd_.get());
    const bool kept = after && std::abs(after->st_mtim.tv_sec - wanted) <= kCoarsest;
    return kept ? Result<void>() : file_error(EOPNOTSUPP, "set the time of", path_);
  }

  // Whether the file system reports too little space for a file of this length. One that reports nothing (some FUSE)
  // may have enough.
  bool has_no_room(std::uint64_t length) const {
    struct ::statvfs system {};
    if (retried([&] { return ::fstatvfs(fd_.get(), &system); }) != 0 || system.f_blocks == 0) return false;
    const auto file = status_of(fd_.get());
    if (!file) return false;
    constexpr std::uint64_t kBlock = 512;  // of st_blocks
    const std::uint64_t has = static_cast<std::uint64_t>(file->st_blocks) * kBlock;
    const std::uint64_t unit = std::max<std::uint64_t>(system.f_frsize, 1);
    return length > has && (length - has) / unit > system.f_bavail;
  }

  // By number: two files never share one, but one file may have several.
  Result<bool> has_name_of_two_numbers(const std::string& name, const struct ::stat& mine) {
    const bool steady = number_is_steady(fd_.get(), mine);
    if (steady && !is_on_fuse(fd_.get())) return false;
    constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    const Descriptor named(retried([&] { return ::openat(folder_.directory, name.c_str(), kFlags); }));
    if (!named && (errno == ENOENT || errno == ELOOP)) return false;
    const auto same = named ? is_same_by_mark(fd_.get(), named.get()) : std::nullopt;
    if (same == false || (!same && steady)) return false;
    // A lock that is not visible under the name would exclude no process that opens it by name.
    const auto locked = same && lock_.is_taken() ? FileLock().held_by_another(named.get(), path_) : Result<bool>(true);
    if (!same || !locked || !*locked) return unsteady_error(path_);
    folder_.lacking->found(Lack::numbers);
    return true;
  }

  FileLock lock_;  // last: destroyed before its file is closed
};

class PosixNamelessFile final : public PosixFile<NamelessFile> {
 public:
  using PosixFile::PosixFile;

  Result<void> give_name(const std::string& name) override {
    // The first call is shorter, but needs a privilege before Linux 6.10 (open(2), linkat(2)).
    const char* to = name.c_str();
    const auto ours = [&] {
      const auto named = has_name(name);
      return named && *named;
    };
    if (retried([&] { return ::linkat(fd_.get(), "", folder_.directory, to, AT_EMPTY_PATH); }, ours) == 0) return {};
    if (errno == ENOENT) {
      const std::string self = "/proc/self/fd/" + std::to_string(fd_.get());
      const auto link = [&] { return ::linkat(AT_FDCWD, self.c_str(), folder_.directory, to, AT_SYMLINK_FOLLOW); };
      if (retried(link, ours) == 0) return {};
    }
    const std::string path = std::filesystem::path(path_).replace_filename(name).string();
    if (errno == EEXIST) return exists_error(path, "it exists already");
    Error error = file_error(errno, "create", path);
    if (!lacks_links(errno)) return error;
    folder_.lacking->found(Lack::links);
    error.remedy = Remedy::refetch;
    return error;
  }

  Result<void> sync_name() override {
    if (folder_.directory_syncs_links) return {};
    const int synced = retried([&] { return ::fsync(fd_.get()); });
    return synced == 0 ? Result<void>() : file_error(errno, "sync", path_);
  }
};

}  // namespace

Error exists_error(const std::string& path, std::string reason) {
  return with_hints(make_error(Cause::exists, "write", path, std::move(reason)), {Hint::choose_other_name});
}

FileStatus status_from(const struct ::stat& status) {
  const std::chrono::sys_time<std::chrono::seconds> modified{std::chrono::seconds(status.st_mtim.tv_sec)};
  return {.id = {status.st_dev, status.st_ino},
          .kind = S_ISREG(status.st_mode)   ? FileKind::regular
                  : S_ISDIR(status.st_mode) ? FileKind::directory
                  : S_ISLNK(status.st_mode) ? FileKind::symlink
                                            : FileKind::other,
          .size = static_cast<std::uint64_t>(status.st_size),
          .links = static_cast<std::uint64_t>(status.st_nlink),
          .mode = status.st_mode & 07777U,
          .owner = status.st_uid,
          .group = status.st_gid,
          .modified = modified + std::chrono::nanoseconds(status.st_mtim.tv_nsec)};
}

std::unique_ptr<File> make_posix_file(Descriptor fd, std::string path, PosixFolder folder) {
  return std::make_unique<PosixFile<File>>(std::move(fd), std::move(path), std::move(folder));
}

std::unique_ptr<NamelessFile> make_nameless_file(Descriptor fd, std::string path, PosixFolder folder) {
  return std::make_unique<PosixNamelessFile>(std::move(fd), std::move(path), std::move(folder));
}

}  // namespace segdl::io
