#include "io/fs/posix_file_system.h"

#include "core/base/errors.h"
#include "io/base/descriptor.h"
#include "io/base/owned.h"
#include "io/base/retried.h"
#include "io/base/system_error.h"
#include "io/fs/directories.h"
#include "io/fs/file_system_kind.h"
#include "io/fs/posix_file.h"
#include "io/fs/posix_stream.h"
#include "io/fs/small_file.h"

#include <dirent.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace segdl::io {
namespace {

// NONBLOCK: opening a FIFO must not wait for a writer. NOCTTY: a terminal must not become ours.
constexpr int kAlways = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
constexpr ::mode_t kPrivate = 0600;
constexpr ::mode_t kModeBits = 07777;
constexpr ::rlim_t kUsualLimit = 1024;       // of descriptors, if it is unknown
constexpr std::size_t kMaxOfStatus = 65536;  // of /proc/self/status

const char* kind_words(FileKind kind) {
  if (kind == FileKind::directory) return "it is a directory";
  return kind == FileKind::symlink ? "it is a symbolic link" : "it is not a regular file";
}

int flags_for(OpenMode mode) {
  if (mode == OpenMode::read_only || mode == OpenMode::read_target) return O_RDONLY;
  return mode == OpenMode::existing ? O_RDWR : O_RDWR | O_CREAT;
}

// Where owners are mapped (sshfs, NFS with root_squash), files of this user have another owner's number.
Error planted_error(const std::string& path) {
  return with_hints(exists_error(path, "it belongs to another user, in a directory that any user may write to"),
                    {Hint::choose_other_name, Hint::remove_if_own});
}

class PosixDirectory final : public Directory {
 public:
  // `readable`: false if it was opened by path only (O_PATH), as a directory that this user may write to and not list.
  PosixDirectory(Descriptor fd, bool readable, const std::filesystem::path& path, std::shared_ptr<Lacking> lacking)
      : fd_(std::move(fd)),
        readable_(readable),
        path_(path.string()),
        prefix_(path == "." ? "" : (path / "").string()),
        lacking_(std::move(lacking)) {}

  Result<std::unique_ptr<File>> open(const std::string& name, OpenMode mode) override {
    if (mode == OpenMode::create_new) return create_new(name);
    // Opening a device may have effects, so the name is checked first. What replaces it afterwards is found by fstat.
    const bool follows = mode == OpenMode::read_target;
    if (auto kind = special(name, follows)) return exists_error(path_of(name), kind_words(*kind));
    const int flags = flags_for(mode) | (follows ? kAlways & ~O_NOFOLLOW : kAlways);
    Descriptor fd(retried([&] { return ::openat(fd_.get(), name.c_str(), flags, kPrivate); }));
    if (!fd && errno == EACCES && mode == OpenMode::existing) fd = open_own(name);
    const int number = errno;
    if (!fd && (number == ELOOP || number == EISDIR || number == ENXIO)) {
      return exists_error(path_of(name), kind_words(FileKind::other));
    }
    if (!fd && mode == OpenMode::create) return create_error(number, name);
    if (!fd) return file_error(number, "open", path_of(name));
    const auto found = status_of(fd.get());
    if (!found) return file_error(errno, "look at", path_of(name));
    const FileStatus file = status_from(*found);
    if (file.kind != FileKind::regular) return exists_error(path_of(name), kind_words(file.kind));
    const bool planted = follows ? target_may_be_planted(fd_.get(), name, fd.get()) : may_be_planted(fd_.get(), *found);
    if (mode == OpenMode::existing && planted) return planted_error(path_of(name));
    return make_posix_file(std::move(fd), path_of(name), {fd_.get(), false, lacking_, planted});
  }

  Result<std::unique_ptr<Stream>> open_stream(const std::string& name, const Until& last) override {
    return open_posix_stream(fd_.get(), name, path_of(name), last);
  }

  Result<std::unique_ptr<NamelessFile>> create_unnamed(const std::string& meant_for) override {
    constexpr int kFlags = O_TMPFILE | O_RDWR | O_CLOEXEC;
    Descriptor fd(retried([&] { return ::openat(fd_.get(), ".", kFlags, 0666); }));  // less the umask
    if (fd) {
      return make_nameless_file(std::move(fd), path_of(meant_for), {fd_.get(), syncs_its_links(), lacking_});
    }
    if (is_shortage_of_disk(errno)) return file_error(errno, "create", path_of(meant_for));
    lacking_->found(Lack::unnamed);
    return std::unique_ptr<NamelessFile>();
  }

  Result<std::optional<FileStatus>> status(const std::string& name) override {
    const auto found = status_of(fd_.get(), name);
    if (!found && errno == ENOENT) return std::optional<FileStatus>();
    if (!found) return file_error(errno, "look at", path_of(name));
    FileStatus status = status_from(*found);
    if (status.kind == FileKind::symlink) status.kind = special(name, true).value_or(FileKind::symlink);
    status.may_be_planted = may_be_planted(fd_.get(), *found);
    return std::optional(status);
  }

  Result<std::optional<std::vector<std::string>>> names(std::size_t most) override {
    // Opened anew: the read position belongs to the open directory, which other threads may read too.
    constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    Descriptor fd(retried([&] { return ::openat(fd_.get(), ".", kFlags); }));
    ::DIR* opened = fd ? retried([&] { return ::fdopendir(fd.get()); }) : nullptr;
    const std::unique_ptr<::DIR, int (*)(::DIR*)> stream(opened, ::closedir);
    if (!stream && errno == EACCES && !readable_) return std::optional<std::vector<std::string>>();
    if (!stream) return file_error(errno, "list", path_);
    static_cast<void>(fd.release());  // closed with the stream
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      const ::dirent* entry = ::readdir(stream.get());
      if (entry == nullptr && errno == EINTR) continue;
      if (entry == nullptr && errno != 0) return file_error(errno, "list", path_);
      if (entry == nullptr) return std::optional(std::move(names));
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (names.size() == most) return std::optional<std::vector<std::string>>();
      names.emplace_back(name);
    }
  }

  Result<void> rename(const std::string& from, const std::string& to, bool replace) override {
    if (replace) return rename_over(from, to);
    const auto moving = id_of(from);
    const auto move = [&] { return ::renameat2(fd_.get(), from.c_str(), fd_.get(), to.c_str(), RENAME_NOREPLACE); };
    if (retried(move, [&] { return has_moved(moving, from, to); }) == 0) return {};
    if (errno == EEXIST) return exists_error(path_of(to), "it exists already");
    if (lacks_flags(errno)) return rename_by_link(from, to);
    return file_error(errno, "rename to", path_of(to));
  }

  Result<bool> exchange(const std::string& a, const std::string& b) override {
    const auto first = id_of(a);
    const auto second = id_of(b);
    const auto exchanged = [&] { return first && second && id_of(a) == second && id_of(b) == first; };
    const auto exchange = [&] { return ::renameat2(fd_.get(), a.c_str(), fd_.get(), b.c_str(), RENAME_EXCHANGE); };
    if (retried(exchange, exchanged) == 0) return true;
    if (lacks_flags(errno)) return false;
    return file_error(errno, "exchange", path_of(a));
  }

  Result<void> remove(const std::string& name) override {
    if (retried([&] { return ::unlinkat(fd_.get(), name.c_str(), 0); }) == 0 || errno == ENOENT) return {};
    return file_error(errno, "remove", path_of(name));
  }

  Result<void> sync() override {
    if (!readable_) return sync_all();
    // EINVAL: this file system can't sync a directory, so there is nothing to wait for.
    if (retried([&] { return ::fsync(fd_.get()); }) == 0 || errno == EINVAL) return {};
    return file_error(errno, "sync", path_);
  }

  Result<void> may_be_named(const std::string& name, bool replaces) override {
    return io::may_be_named(fd_.get(), name, path_of(name), replaces);
  }

  bool is_at(const std::filesystem::path& path) override {
    const auto here = status_of(fd_.get());
    const auto there = status_of(AT_FDCWD, path.string(), 0);
    return here && there && status_from(*here).id == status_from(*there).id;
  }

  // Some FUSE file systems report nothing, and vfat counts in units other than bytes, of which it allows more.
  std::size_t longest_name() override {
    constexpr std::size_t kUsual = 255;
    struct ::statfs system {};
    if (retried([&] { return ::fstatfs(fd_.get(), &system); }) != 0 || system.f_namelen <= 0) return kUsual;
    return std::min(kUsual, static_cast<std::size_t>(system.f_namelen));
  }

  std::string path_of(const std::string& name) const override { return prefix_ + name; }

 private:
  std::optional<FileId> id_of(const std::string& name) const {
    const auto found = status_of(fd_.get(), name);
    return found ? std::optional(status_from(*found).id) : std::nullopt;
  }

  bool has_moved(const std::optional<FileId>& moving, const std::string& from, const std::string& to) const {
    return moving && id_of(to) == moving && !id_of(from);
  }

  // Syncs the whole file system, for which any file in it will do: a directory that may not be read allows no less.
  Result<void> sync_all() {
    const Descriptor file(retried([&] { return ::openat(fd_.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, kPrivate); }));
    if (file && retried([&] { return ::syncfs(file.get()); }) == 0) return {};
    return with_hints(file_error(errno, "sync", path_), {Hint::make_readable, Hint::choose_other_directory});
  }

  // The kind of what has the name, if it is no regular file.
  std::optional<FileKind> special(const std::string& name, bool follows = false) const {
    const auto found = status_of(fd_.get(), name, follows ? 0 : AT_SYMLINK_NOFOLLOW);
    return found && !S_ISREG(found->st_mode) ? std::optional(status_from(*found).kind) : std::nullopt;
  }

  // A removed directory can still be opened as the working directory; creating something in it then fails.
  Error create_error(int number, const std::string& name) const {
    Error error = file_error(number, "create", path_of(name));
    const auto here = status_of(fd_.get());
    if (number == ENOENT && here && here->st_nlink == 0) {
      error.reason = prefix_.empty() ? "the working directory was removed" : "its directory was removed";
      error.hints = {Hint::restore_working_directory, Hint::choose_other_directory};
      return error;
    }
    return is_name_refused(number, fd_.get()) ? name_error(std::move(error), name, Hint::choose_other_name) : error;
  }

  // Opens a file of this user whose mode forbids writing: a download that got the mode of the file it replaces must
  // still be continued.
  // It keeps that mode. On failure, an empty descriptor and errno.
  Descriptor open_own(const std::string& name) const {
    const auto found = status_of(fd_.get(), name);
    if (!found) return {};
    const bool own = S_ISREG(found->st_mode) && found->st_uid == ::geteuid();
    const ::mode_t mode = found->st_mode & kModeBits;
    const auto set = [&] { return ::fchmodat(fd_.get(), name.c_str(), mode | S_IRUSR | S_IWUSR, AT_SYMLINK_NOFOLLOW); };
    if (!own || retried(set) != 0) {
      errno = EACCES;
      return {};
    }
    Descriptor fd(retried([&] { return ::openat(fd_.get(), name.c_str(), O_RDWR | kAlways); }));
    const int number = errno;
    if (fd && retried([&] { return ::fchmod(fd.get(), mode); }) != 0) lacking_->found(Lack::modes);
    errno = number;
    return fd;
  }

  // O_EXCL opens nothing that exists, whatever it is.
  Result<std::unique_ptr<File>> create_new(const std::string& name) {
    constexpr int kFlags = O_RDWR | O_CREAT | O_EXCL | kAlways;
    Descriptor fd(retried([&] { return ::openat(fd_.get(), name.c_str(), kFlags, kPrivate); }));
    if (fd) {
      // The next run needs what a umask (0222) has taken from the owner. Where modes can't be set, it stays so.
      if (retried([&] { return ::fchmod(fd.get(), kPrivate); }) != 0) lacking_->found(Lack::modes);
      return make_posix_file(std::move(fd), path_of(name), {fd_.get(), false, lacking_});
    }
    if (errno != EEXIST) return create_error(errno, name);
    const auto kind = special(name);
    return exists_error(path_of(name), kind ? kind_words(*kind) : "it exists already");
  }

  Result<void> rename_over(const std::string& from, const std::string& to) {
    const auto moving = id_of(from);
    const auto move = [&] { return ::renameat(fd_.get(), from.c_str(), fd_.get(), to.c_str()); };
    if (retried(move, [&] { return has_moved(moving, from, to); }) != 0)
      return file_error(errno, "rename to", path_of(to));
    if (from == to) return {};
    // If both are names of one file, rename(2) keeps both.
    const auto left = id_of(from);
    return left && left == id_of(to) ? remove(from) : Result<void>();
  }

  // Without flags of renameat2: link fails if the name is taken, as required.
  Result<void> rename_by_link(const std::string& from, const std::string& to) {
    lacking_->found(Lack::rename_flags);
    const auto linking = id_of(from);
    const auto link = [&] { return ::linkat(fd_.get(), from.c_str(), fd_.get(), to.c_str(), 0); };
    if (retried(link, [&] { return linking && id_of(to) == linking; }) != 0) {
      if (errno == EEXIST) return exists_error(path_of(to), "it exists already");
      if (!lacks_links(errno)) return file_error(errno, "rename to", path_of(to));
      lacking_->found(Lack::links);
      return rename_looking(from, to);
    }
    auto removed = remove(from);
    if (!removed) retried([&] { return ::unlinkat(fd_.get(), to.c_str(), 0); });
    return removed;
  }

  // Looked up once, under a mutex: glibc needs memory to pass an exception through a call under a once_flag, and
  // without that it ends the process.
  bool syncs_its_links() {
    const std::lock_guard lock(looking_);
    if (!syncs_links_) syncs_links_ = syncs_links(fd_.get());
    return *syncs_links_;
  }

  // Without links too: what gets the name between the check and the rename is replaced.
  Result<void> rename_looking(const std::string& from, const std::string& to) {
    auto there = status(to);
    if (!there) return std::move(there).error();
    return there->has_value() ? exists_error(path_of(to), "it exists already") : rename_over(from, to);
  }

  Descriptor fd_;
  bool readable_;
  std::string path_;
  std::string prefix_;  // of a name in messages
  std::shared_ptr<Lacking> lacking_;
  std::mutex looking_;
  std::optional<bool> syncs_links_;
};

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<Directory>> open_directory(const std::filesystem::path& path) override {
    constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    Descriptor fd(retried([&] { return ::open(path.c_str(), kFlags); }));
    const bool readable = fd || errno != EACCES;
    if (!readable) fd = Descriptor(retried([&] { return ::open(path.c_str(), kFlags | O_PATH); }));
    if (!fd) {
      Error error = file_error(errno, "open directory", path.string());
      if (errno == ENOENT) error.hints = {{Hint::create_directory, path.string()}};
      if (errno == ENOTDIR) error.hints = {Hint::choose_other_directory};
      return error;
    }
    return std::unique_ptr<Directory>(std::make_unique<PosixDirectory>(std::move(fd), readable, path, lacking_));
  }

  Result<void> make_directories(const std::filesystem::path& path) override { return make_posix_directories(path); }

  // umask(2) can only be read by setting it, which another thread could notice; /proc shows it.
  unsigned default_mode() override {
    constexpr std::string_view kField = "\nUmask:";
    const auto status = read_small_file("/proc/self/status", kMaxOfStatus, Secrecy::any);
    const auto at = status ? status->find(kField) : std::string::npos;
    if (at == std::string::npos) return kPrivate;
    return 0666U & ~static_cast<unsigned>(std::strtoul(status->c_str() + at + kField.size(), nullptr, 8));
  }

  std::uint64_t may_open() override {
    ::rlimit limit{kUsualLimit, kUsualLimit};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    // No std::filesystem::directory_iterator: where there is no memory it ends the process.
    const Owned<::DIR, ::closedir> descriptors(retried([] { return ::opendir("/proc/self/fd"); }));
    std::uint64_t open = 0;
    while (descriptors && ::readdir(descriptors.get()) != nullptr) ++open;
    return limit.rlim_cur - std::min<std::uint64_t>(limit.rlim_cur, open);
  }

  std::vector<std::string> take_lacking() override { return lacking_->take(); }

 private:
  const std::shared_ptr<Lacking> lacking_ = std::make_shared<Lacking>();
};

}  // namespace

std::unique_ptr<FileSystem> make_posix_file_system() { return std::make_unique<PosixFileSystem>(); }

}  // namespace segdl::io
