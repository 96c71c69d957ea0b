// What only the real file system can show: other processes, other users, limits of the system.
#include "contract/file_worlds.h"
#include "support/hints.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <functional>

namespace segdl::test {
namespace {

constexpr ::uid_t kNobody = 65534;

// Runs `check` in a process of its own; whether it returned true. It must not use doctest.
bool in_child(const std::function<bool()>& check) {
  const ::pid_t child = ::fork();
  if (child == 0) ::_exit(check() ? 0 : 1);
  int status = 0;
  REQUIRE(child > 0);
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool lower_limit(__rlimit_resource resource, ::rlim_t value) {
  struct ::rlimit limit {};
  if (::getrlimit(resource, &limit) != 0) return false;
  limit.rlim_cur = value;
  return ::setrlimit(resource, &limit) == 0;
}

// Becomes the user "nobody", for whom modes count. An unprivileged user is one already.
bool drop_privileges() { return ::geteuid() != 0 || (::setgid(kNobody) == 0 && ::setuid(kNobody) == 0); }

TEST_CASE("a directory that was renamed is not at its path any more, whatever is made there") {
  const TempDirectory scratch;
  const auto path = scratch.path() / "d";
  std::filesystem::create_directory(path);
  const auto files = io::make_posix_file_system();
  const auto directory = must(files->open_directory(path));
  CHECK(directory->is_at(path));
  CHECK(directory->is_at(scratch.path() / "." / "d"));
  std::filesystem::rename(path, scratch.path() / "old");
  CHECK_FALSE(directory->is_at(path));
  std::filesystem::create_directory(path);
  CHECK_FALSE(directory->is_at(path));
  CHECK(directory->is_at(scratch.path() / "old"));
}

TEST_CASE("a lock keeps other processes out until its process is done with it") {
  PosixWorld world;
  auto file = write_file(world.directory(), "a", "");
  const auto child_locks = [&world] {
    const auto mine = world.directory().open("a", OpenMode::existing);
    if (!mine) return false;
    const auto locked = (*mine)->try_lock();
    return locked && *locked;
  };
  CHECK(must(file->try_lock()));
  CHECK_FALSE(in_child(child_locks));
  CHECK(must(file->try_lock()));
  file.reset();
  CHECK(in_child(child_locks));

  // The child is gone, and its lock with it.
  file = must(world.directory().open("a", OpenMode::existing));
  CHECK(must(file->try_lock()));
}

TEST_CASE("of two names of one file a rename that replaces leaves one") {
  PosixWorld world;
  write_file(world.directory(), "a", "text");
  std::filesystem::create_hard_link(world.path() / "a", world.path() / "b");
  must(world.directory().rename("a", "b", true));
  CHECK(!must(world.directory().status("a")));
  CHECK(read_text(*must(world.directory().open("b", OpenMode::read_only)), 0, 9) == "text");
  must(world.directory().rename("b", "b", true));
  CHECK(must(world.directory().status("b")));
}

TEST_CASE("a program that is started does not inherit files") {
  PosixWorld world;
  const auto file = write_file(world.directory(), "a", "");
  struct ::stat mine {};
  REQUIRE(::stat((world.path() / "a").c_str(), &mine) == 0);
  for (int fd = 3; fd < 64; ++fd) {
    struct ::stat other {};
    if (::fstat(fd, &other) != 0 || other.st_ino != mine.st_ino || other.st_dev != mine.st_dev) continue;
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  }
}

TEST_CASE("a write that a size limit cuts short is an error that names the first byte missing") {
  PosixWorld world;
  CHECK(in_child([&world] {
    std::signal(SIGXFSZ, SIG_IGN);
    if (!lower_limit(RLIMIT_FSIZE, 100'000)) return false;
    const auto file = world.directory().open("a", OpenMode::create);
    const std::string text(150'000, 'x');
    const auto written = (*file)->write_at(0, bytes_of(text));
    if (written || written.error().offset != 100'000U) return false;
    const Error& error = written.error();
    return error.cause == Cause::local && error.reason == "File too large" && !error.hints.empty();
  }));
  CHECK(must(world.directory().status("a"))->size == 100'000);
}

TEST_CASE("running out of descriptors is an error with a way out") {
  PosixWorld world;
  write_file(world.directory(), "a", "");
  CHECK(in_child([&world] {
    if (!lower_limit(RLIMIT_NOFILE, 3)) return false;
    const auto file = world.directory().open("a", OpenMode::existing);
    return !file && file.error().reason == "Too many open files" && !file.error().hints.empty();
  }));
}

TEST_CASE("a directory that may not be written to, and a file that may not be, refuse with a way out") {
  PosixWorld world;
  write_file(world.directory(), "a", "text")->change({.mode = 0444}).ok();
  std::filesystem::permissions(world.path(), std::filesystem::perms{0555});
  CHECK(in_child([&world] {
    if (!drop_privileges()) return false;
    const auto created = world.directory().open("new", OpenMode::create);
    const auto opened = world.directory().open("a", OpenMode::existing);
    const auto removed = world.directory().remove("a");
    for (const Error* error : {&created.error(), &opened.error(), &removed.error()}) {
      if (error->cause != Cause::local || error->reason != "Permission denied" || error->hints.empty()) return false;
    }
    return world.directory().open("a", OpenMode::read_only).ok();
  }));
  std::filesystem::permissions(world.path(), std::filesystem::perms{0700});
}

TEST_CASE("the default mode follows the umask") {
  PosixWorld world;
  for (const unsigned mask : {0U, 022U, 077U, 0777U}) {
    CAPTURE(mask);
    CHECK(in_child([&world, mask] {
      ::umask(mask);
      return world.files().default_mode() == (0666U & ~mask);
    }));
  }
}

TEST_CASE("a new file can be opened again under a umask that takes the right to write from its owner") {
  PosixWorld world;
  std::filesystem::permissions(world.path(), std::filesystem::perms{0777});
  CHECK(in_child([&world] {
    ::umask(0222);
    if (!drop_privileges()) return false;
    if (!world.directory().open("a", OpenMode::create_new).ok()) return false;
    return world.mode("a") == 0600 && world.directory().open("a", OpenMode::existing).ok();
  }));
}

TEST_CASE("a file of one's own that is not to be written to can be opened again, and keeps its mode") {
  PosixWorld world;
  std::filesystem::permissions(world.path(), std::filesystem::perms{0777});
  write_file(world.directory(), "another's", "text");
  std::filesystem::permissions(world.path() / "another's", std::filesystem::perms{0444});
  CHECK(in_child([&world] {
    if (!drop_privileges()) return false;
    if (!world.directory().open("a", OpenMode::create_new).ok()) return false;
    for (const unsigned mode : {0444U, 0000U, 0550U}) {
      std::filesystem::permissions(world.path() / "a", std::filesystem::perms{mode});
      auto file = world.directory().open("a", OpenMode::existing);
      if (!file || !(*file)->try_lock() || world.mode("a") != mode) return false;
    }
    std::filesystem::permissions(world.path() / "a", std::filesystem::perms{0222});
    return !world.directory().open("a", OpenMode::read_only).ok() && world.mode("a") == 0222;
  }));
  if (::geteuid() != 0) return;
  CHECK(in_child(
      [&world] { return drop_privileges() && !world.directory().open("another's", OpenMode::existing).ok(); }));
  CHECK(world.mode("another's") == 0444);
}

TEST_CASE("a device is refused and not touched") {
  const auto files = io::make_posix_file_system();
  const auto directory = must(files->open_directory("/dev"));
  for (const OpenMode mode : {OpenMode::existing, OpenMode::read_only, OpenMode::create, OpenMode::create_new}) {
    const auto file = directory->open("null", mode);
    REQUIRE(!file);
    CHECK(file.error().cause == Cause::exists);
  }
}

TEST_CASE("a socket is refused") {
  PosixWorld world;
  REQUIRE(::mknod((world.path() / "s").c_str(), S_IFSOCK | 0600, 0) == 0);
  const auto file = world.directory().open("s", OpenMode::existing);
  REQUIRE(!file);
  CHECK(file.error().cause == Cause::exists);
}

TEST_CASE("a directory that is not there can't be opened, and the way out is named") {
  PosixWorld world;
  const auto directory = world.files().open_directory(world.path() / "absent");
  REQUIRE(!directory);
  CHECK(directory.error().cause == Cause::local);
  CHECK(directory.error().reason == "No such file or directory");
  CHECK(directory.error().subject == (world.path() / "absent").string());
  CHECK(!directory.error().hints.empty());
}

TEST_CASE("a name that is too long and a disk that is too small have a way out") {
  PosixWorld world;
  const auto named = world.directory().open(std::string(300, 'n'), OpenMode::create);
  REQUIRE(!named);
  CHECK(!named.error().hints.empty());
  const auto file = write_file(world.directory(), "a", "");
  const auto reserved = file->reserve(std::uint64_t{1} << 60);
  if (!reserved) CHECK(!reserved.error().hints.empty());
}

TEST_CASE("something that is not a directory can't be opened as one, and a FIFO does not hold it up") {
  PosixWorld world;
  write_file(world.directory(), "a", "");
  world.place("fifo", FileKind::other);
  for (const char* name : {"a", "fifo"}) {
    const auto directory = world.files().open_directory(world.path() / name);
    REQUIRE(!directory);
    CHECK(directory.error().reason == "Not a directory");
  }
}

TEST_CASE("directories that are missing are made, and those that are there stay as they are") {
  PosixWorld world;
  const auto deep = world.path() / "a" / "b" / "." / "c";
  for (int round = 0; round < 2; ++round) {
    must(world.files().make_directories(deep));
    must(must(world.files().open_directory(deep))->open("f" + std::to_string(round), OpenMode::create_new));
  }
  must(world.files().make_directories("."));
  write_file(world.directory(), "file", "");
  const auto made = world.files().make_directories(world.path() / "file" / "d");
  REQUIRE(!made);
  CHECK(made.error().subject == (world.path() / "file").string());
  CHECK(made.error().reason == "Not a directory");
}

TEST_CASE("a name may be as long as the file system says") {
  PosixWorld world;
  const std::size_t longest = world.directory().longest_name();
  CHECK(longest == 255);
  must(world.directory().open(std::string(longest, 'n'), OpenMode::create_new));
}

TEST_CASE("a directory that is moved stays the same directory") {
  PosixWorld world;
  std::filesystem::create_directory(world.path() / "d");
  const auto directory = must(world.files().open_directory(world.path() / "d"));
  std::filesystem::rename(world.path() / "d", world.path() / "moved");
  must(directory->open("a", OpenMode::create));
  CHECK(std::filesystem::exists(world.path() / "moved" / "a"));
}

TEST_CASE("where the directory was removed that is the reason, and not that there is no such file") {
  PosixWorld world;
  std::filesystem::create_directory(world.path() / "d");
  const auto directory = must(world.files().open_directory(world.path() / "d"));
  std::filesystem::remove(world.path() / "d");
  for (const OpenMode mode : {OpenMode::create, OpenMode::create_new}) {
    const auto file = directory->open("a", mode);
    REQUIRE_FALSE(file.ok());
    CHECK(file.error().reason == "its directory was removed");
    CHECK(has_hint(file.error(), Hint::choose_other_directory));
  }
}

TEST_CASE("names in the working directory are written without it") {
  const auto files = io::make_posix_file_system();
  CHECK(must(files->open_directory("."))->path_of("movie.mkv") == "movie.mkv");
}

TEST_CASE("the local disk can be mapped, procfs can't be written") {
  PosixWorld world;
  const auto file = write_file(world.directory(), "a", "text");
  CHECK(must(file->map(4)) != nullptr);
  const auto proc = must(world.files().open_directory("/proc/self"));
  CHECK(!proc->open("new", OpenMode::create));
}

}  // namespace
}  // namespace segdl::test
