#include "io/fs/directories.h"

#include "core/base/errors.h"
#include "io/base/descriptor.h"
#include "io/base/retried.h"
#include "io/base/system_error.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace segdl::io {
namespace {

bool is_sticky(const struct ::stat& directory) { return (directory.st_mode & S_ISVTX) != 0; }

// What rename(2) refuses with EPERM to any user.
bool is_fixed(int directory, const char* name, int flags) {
  struct ::statx found {};
  const auto look = [&] { return ::statx(directory, name, flags | AT_STATX_DONT_SYNC, STATX_TYPE, &found); };
  return retried(look) == 0 && (found.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) != 0;
}

// Whether this process may act as the owner of any file (capabilities(7)). True if that can't be determined.
bool acts_for_owners() {
  ::__user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<::__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  const auto ask = [&] { return ::syscall(SYS_capget, &header, sets.data()); };
  return retried(ask) != 0 || (sets[CAP_TO_INDEX(CAP_FOWNER)].effective & CAP_TO_MASK(CAP_FOWNER)) != 0;
}

// Whether only the owner of the file or of the directory can replace it.
bool is_kept_from_others(int directory, const std::string& name) {
  const auto here = status_of(directory);
  const auto file = status_of(directory, name);
  const ::uid_t user = ::geteuid();
  if (!here || !file) return false;
  return is_sticky(*here) && file->st_uid != user && here->st_uid != user && !acts_for_owners();
}

Error refused(const std::string& path, const char* reason, Hints hints) {
  return with_hints(make_error(Cause::local, "give a file the name", path, reason), std::move(hints));
}

constexpr ::mode_t kAll = 0777;  // less the umask

Descriptor open_at(int directory, const char* name, int how) {
  return Descriptor(retried([&] { return ::openat(directory, name, how | O_DIRECTORY | O_CLOEXEC); }));
}

// A directory that may not be read can't be synced: its content is then as durable as its owner wants it. EINVAL: the
// file system can't sync a directory.
int sync_directory(int directory) {
  const Descriptor readable = open_at(directory, ".", O_RDONLY);
  if (!readable || retried([&] { return ::fsync(readable.get()); }) == 0 || errno == EINVAL) return 0;
  return errno;
}

// Opens the directory of that name; creates it if it is missing. Another process may create it meanwhile.
Result<Descriptor> enter(int directory, const std::string& name, const std::string& path) {
  Descriptor entered = open_at(directory, name.c_str(), O_PATH);
  if (entered) return entered;
  int failed = errno;
  const auto failure = [&](std::string operation) {
    Error error = file_error(failed, std::move(operation), path);
    if (is_name_refused(failed, directory)) error = name_error(std::move(error), name, Hint::choose_other_directory);
    if (failed == ENOTDIR && error.hints.empty()) error.hints = {Hint::choose_other_directory};
    return error;
  };
  if (failed != ENOENT) return failure("open directory");
  const bool made = retried([&] { return ::mkdirat(directory, name.c_str(), kAll); }) == 0;
  failed = made ? 0 : errno;
  if (!made && failed != EEXIST) return failure("create directory");
  entered = open_at(directory, name.c_str(), O_PATH);
  if (!entered) {
    Error error = file_error(errno, "open directory", path);
    if (errno == ENOENT) error.hints = {Hint::create_link_target, Hint::choose_other_directory};
    if (errno == ENOTDIR) error.hints = {Hint::choose_other_directory};
    return error;
  }
  failed = made ? sync_directory(entered.get()) : 0;
  if (made && failed == 0) failed = sync_directory(directory);
  if (failed != 0) return file_error(failed, "sync directory", path);
  return entered;
}

}  // namespace

bool may_be_planted(int directory, const struct ::stat& file) {
  if (file.st_uid == ::geteuid()) return false;
  const auto here = status_of(directory);
  const bool shared = here && is_sticky(*here) && (here->st_mode & (S_IWGRP | S_IWOTH)) != 0;
  return shared && file.st_uid != here->st_uid;
}

bool target_may_be_planted(int directory, const std::string& name, int file) {
  const auto link = status_of(directory, name);
  const auto found = status_of(file);
  if (!link || !found || may_be_planted(directory, *link)) return true;
  std::error_code failed;
  const auto path = std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", file), failed).parent_path();
  const Descriptor at(failed ? -1 : retried([&] { return ::open(path.c_str(), O_PATH | O_CLOEXEC); }));
  return at ? may_be_planted(at.get(), *found) : found->st_uid != ::geteuid();
}

Result<void> may_be_named(int directory, const std::string& name, const std::string& path, bool replaces) {
  if (is_fixed(directory, "", AT_EMPTY_PATH)) {
    return refused(path, "its directory is immutable or append-only, so that nothing in it can be renamed",
                   {Hint::clear_attributes, Hint::choose_other_directory});
  }
  if (replaces && is_fixed(directory, name.c_str(), AT_SYMLINK_NOFOLLOW)) {
    return refused(path, "what has it is immutable or append-only", {Hint::clear_attributes, Hint::choose_other_name});
  }
  if (replaces && is_kept_from_others(directory, name)) {
    return refused(path, "what has it is another user's, and only its owner may replace it in this directory (sticky)",
                   {Hint::choose_other_name, Hint::choose_other_directory});
  }
  return {};
}

Result<void> make_posix_directories(const std::filesystem::path& path) {
  Descriptor at = open_at(AT_FDCWD, path.is_absolute() ? "/" : ".", O_PATH);
  if (!at) return file_error(errno, "open directory", path.string());
  std::filesystem::path so_far;
  for (const std::filesystem::path& part : path) {
    so_far /= part;
    if (part.empty() || part == "." || part.is_absolute()) continue;
    auto entered = enter(at.get(), part.string(), so_far.string());
    if (!entered) return std::move(entered).error();
    at = std::move(*entered);
  }
  return {};
}

}  // namespace segdl::io
