// How a file is recognised where inode numbers do not identify it.
#include "io/fs/named_file.h"
#include "contract/file_worlds.h"
#include "io/base/descriptor.h"

#include <fcntl.h>
#include <sys/stat.h>

namespace segdl::test {
namespace {

using io::Descriptor;

Descriptor opened(const std::filesystem::path& path, int flags) {
  Descriptor file(::open(path.c_str(), flags | O_CLOEXEC));
  REQUIRE(file);
  return file;
}

struct ::stat status_of(const Descriptor& file) {
  struct ::stat found {};
  REQUIRE(::fstat(file.get(), &found) == 0);
  return found;
}

bool same_times(const struct ::stat& a, const struct ::stat& b) {
  return a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec &&
         a.st_atim.tv_sec == b.st_atim.tv_sec && a.st_atim.tv_nsec == b.st_atim.tv_nsec;
}

TEST_CASE("a mark tells two handles of one file from those of two files that are alike, and leaves no trace") {
  PosixWorld world;
  for (const char* name : {"a", "b"}) write_file(world.directory(), name, "the same");
  const Descriptor a = opened(world.path() / "a", O_RDWR);
  const Descriptor again = opened(world.path() / "a", O_RDONLY);
  const Descriptor b = opened(world.path() / "b", O_RDWR);
  const std::array<::timespec, 2> times{{{1'700'000'000, 111}, {1'700'000'001, 222}}};
  for (const Descriptor* file : {&a, &b}) REQUIRE(::futimens(file->get(), times.data()) == 0);
  const struct ::stat before = status_of(a);
  CHECK(io::is_same_by_mark(a.get(), again.get()) == true);
  CHECK(io::is_same_by_mark(again.get(), a.get()) == true);
  CHECK(io::is_same_by_mark(a.get(), b.get()) == false);
  CHECK(io::is_same_by_mark(b.get(), a.get()) == false);
  CHECK(same_times(status_of(a), before));
  CHECK(same_times(status_of(b), before));
  CHECK(read_text(*must(world.directory().open("a", OpenMode::read_only)), 0, 10) == "the same");
}

TEST_CASE("where no time can be set a mark tells nothing") {
  PosixWorld world;
  write_file(world.directory(), "a", "x");
  const Descriptor file = opened(world.path() / "a", O_PATH);  // which futimens refuses
  CHECK_FALSE(io::is_same_by_mark(file.get(), file.get()));
}

TEST_CASE("numbers of an ordinary file system are steady") {
  PosixWorld world;
  write_file(world.directory(), "a", "x");
  const Descriptor file = opened(world.path() / "a", O_RDONLY);
  struct ::stat seen = status_of(file);
  CHECK(io::number_is_steady(file.get(), seen));
  ++seen.st_ino;
  CHECK_FALSE(io::number_is_steady(file.get(), seen));
}

}  // namespace
}  // namespace segdl::test
