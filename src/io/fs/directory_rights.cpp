#include "io/fs/directory_rights.h"

#include "io/base/descriptor.h"
#include "io/base/status_of.h"
#include "io/base/system_error.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
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
  Error error = file_error(EPERM, "give a file the name", path);
  error.reason = reason;
  error.hints = std::move(hints);
  return error;
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

}  // namespace segdl::io
