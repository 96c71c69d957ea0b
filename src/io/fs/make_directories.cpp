#include "io/fs/make_directories.h"

#include "io/base/descriptor.h"
#include "io/base/retried.h"
#include "io/base/system_error.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace segdl::io {
namespace {

constexpr ::mode_t kAll = 0777;  // less the umask

Descriptor open_at(int directory, const char* name, int how) {
  return Descriptor(retried([&] { return ::openat(directory, name, how | O_DIRECTORY | O_CLOEXEC); }));
}

// A directory that may not be read can't be synced: its content is then as durable as its owner wants it. EINVAL: the
// file system can't sync a directory.
int sync_directory(int directory, const char* name) {
  const Descriptor readable = open_at(directory, name, O_RDONLY);
  if (!readable || retried([&] { return ::fsync(readable.get()); }) == 0 || errno == EINVAL) return 0;
  return errno;
}

// Opens the directory of that name; creates it if it is missing. Another process may create it meanwhile.
Result<Descriptor> enter(int directory, const std::string& name, const std::string& path) {
  Descriptor entered = open_at(directory, name.c_str(), O_PATH);
  if (entered) return entered;
  int failed = errno;
  const auto refused = [&](std::string operation) {
    Error error = file_error(failed, std::move(operation), path);
    if (is_name_refused(failed, directory)) error = name_error(std::move(error), name, Hint::choose_other_directory);
    if (failed == ENOTDIR && error.hints.empty()) error.hints = {Hint::choose_other_directory};
    return error;
  };
  if (failed != ENOENT) return refused("open directory");
  const bool made = retried([&] { return ::mkdirat(directory, name.c_str(), kAll); }) == 0;
  failed = made ? 0 : errno;
  if (!made && failed != EEXIST) return refused("create directory");
  entered = open_at(directory, name.c_str(), O_PATH);
  if (!entered) {
    Error error = file_error(errno, "open directory", path);
    if (errno == ENOENT) error.hints = {Hint::create_link_target, Hint::choose_other_directory};
    if (errno == ENOTDIR) error.hints = {Hint::choose_other_directory};
    return error;
  }
  failed = made ? sync_directory(entered.get(), ".") : 0;
  if (made && failed == 0) failed = sync_directory(directory, ".");
  if (failed != 0) return file_error(failed, "sync directory", path);
  return entered;
}

}  // namespace

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
