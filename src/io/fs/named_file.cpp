#include "io/fs/named_file.h"

#include "core/base/errors.h"
#include "io/base/retried.h"

#include <fcntl.h>

#include <array>
#include <random>

namespace segdl::io {
namespace {

constexpr ::time_t kEarliest = 315532800;  // 1980, as vfat counts
constexpr ::time_t kSteps = 1 << 29U;      // of two seconds: until 2014, coarser than any file system keeps
constexpr int kRounds = 2;

// From the file system itself, not from the kernel's cache, if the file system supports that.
std::optional<struct ::statx> look_anew(int file) {
  struct ::statx found {};
  const int looked =
      retried([&] { return ::statx(file, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &found); });
  return looked == 0 ? std::optional(found) : std::nullopt;
}

bool same_time(const struct ::statx& a, const struct ::statx& b) {
  return a.stx_mtime.tv_sec == b.stx_mtime.tv_sec && a.stx_mtime.tv_nsec == b.stx_mtime.tv_nsec;
}

std::array<::timespec, 2> times_of(const struct ::statx& file) {
  return {{{file.stx_atime.tv_sec, file.stx_atime.tv_nsec}, {file.stx_mtime.tv_sec, file.stx_mtime.tv_nsec}}};
}

// Sets both times, for the reason given in PosixFile.
bool set_times(int file, const std::array<::timespec, 2>& times) {
  return retried([&] { return ::futimens(file, times.data()); }) == 0;
}

// Marks once; nothing if the mark is not kept.
std::optional<bool> shows_one(int file, int other, const struct ::statx& before) {
  std::random_device random;
  auto times = times_of(before);
  times[1] = {kEarliest + 2 * static_cast<::time_t>(random() % kSteps), 0};
  if (!set_times(file, times)) return std::nullopt;
  const auto marked = look_anew(file);
  if (!marked || same_time(*marked, before)) return std::nullopt;
  const auto seen = look_anew(other);
  return seen && same_time(*seen, *marked);
}

}  // namespace

Error unsteady_error(const std::string& path) {
  return with_hints(
      make_error(
          Cause::local, "lock", path,
          "the file system gives one file another inode number each time, and nothing else shows whether a name still "
          "leads to it: no times that stay as they are set, or no locks"),
      {Hint::choose_other_file_system});
}

bool number_is_steady(int file, const struct ::stat& seen) {
  const auto again = look_anew(file);
  return !again || again->stx_ino == seen.st_ino;
}

std::optional<bool> is_same_by_mark(int file, int other) {
  const auto before = look_anew(file);
  if (!before) return std::nullopt;
  std::optional<bool> same = true;
  for (int round = 0; round < kRounds && same == true; ++round) same = shows_one(file, other, *before);
  set_times(file, times_of(*before));
  return same;
}

}  // namespace segdl::io
