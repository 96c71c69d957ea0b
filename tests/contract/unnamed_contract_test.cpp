// The contract of files without a name, on the fake and on the real file system. Where the real one has no such files
// there is nothing to hold it to.
#include "contract/file_worlds.h"

#include <algorithm>

namespace segdl::test {
namespace {

std::vector<std::string> names_in(PosixWorld& world) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(world.path())) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> names_in(FakeWorld& world) { return world.files().names(); }

using Names = std::vector<std::string>;

TEST_CASE_TEMPLATE("a file without a name is seen by nobody and goes with its handle", World, PosixWorld, FakeWorld) {
  World world;
  auto file = must(world.directory().create_unnamed("f"));
  if (!file) return;
  must(file->write_at(0, bytes_of("text")));
  CHECK(read_text(*file, 0, 9) == "text");
  CHECK(must(file->status()).size == 4);
  CHECK(names_in(world).empty());
  file.reset();
  CHECK(names_in(world).empty());
}

TEST_CASE_TEMPLATE("a file that is given a name appears whole, and is the same file", World, PosixWorld, FakeWorld) {
  World world;
  auto file = must(world.directory().create_unnamed("f"));
  if (!file) return;
  must(file->write_at(0, bytes_of("all of it")));
  must(file->sync());
  must(file->give_name("a"));
  CHECK(names_in(world) == Names{"a"});
  const auto status = must(world.directory().status("a"));
  REQUIRE(status);
  CHECK(status->kind == FileKind::regular);
  CHECK(status->id == must(file->status()).id);
  CHECK(read_text(*must(world.directory().open("a", OpenMode::read_only)), 0, 99) == "all of it");
  must(file->write_at(9, bytes_of("+")));
  file.reset();
  CHECK(read_text(*must(world.directory().open("a", OpenMode::existing)), 0, 99) == "all of it+");
}

TEST_CASE_TEMPLATE("an empty file can be given a name", World, PosixWorld, FakeWorld) {
  World world;
  auto file = must(world.directory().create_unnamed("f"));
  if (!file) return;
  must(file->give_name("a"));
  CHECK(must(world.directory().status("a"))->size == 0);
}

TEST_CASE_TEMPLATE("a name that anything has is refused, nothing changes, and another one may be tried", World,
                   PosixWorld, FakeWorld) {
  World world;
  auto file = must(world.directory().create_unnamed("f"));
  if (!file) return;
  must(file->write_at(0, bytes_of("new")));
  write_file(world.directory(), "a", "precious");
  world.place("d", FileKind::directory);
  world.place("l", FileKind::symlink);
  const Names before = names_in(world);
  for (const char* name : {"a", "d", "l"}) {
    const auto given = file->give_name(name);
    REQUIRE(!given);
    CHECK(given.error().cause == Cause::exists);
    CHECK(given.error().remedy == Remedy::stop);
    CHECK(given.error().subject == (world.path() / name).string());
    CHECK(!given.error().reason.empty());
  }
  CHECK(names_in(world) == before);
  CHECK(read_text(*must(world.directory().open("a", OpenMode::read_only)), 0, 99) == "precious");
  CHECK(read_text(*file, 0, 99) == "new");
  must(file->give_name("b"));
  CHECK(read_text(*must(world.directory().open("b", OpenMode::read_only)), 0, 99) == "new");
}

TEST_CASE_TEMPLATE("a name of 300 bytes is refused for a file without one too", World, PosixWorld, FakeWorld) {
  World world;
  auto file = must(world.directory().create_unnamed("f"));
  if (!file) return;
  const auto given = file->give_name(std::string(300, 'n'));
  REQUIRE(!given);
  CHECK(given.error().cause == Cause::local);
  CHECK(given.error().reason == "File name too long");
  CHECK(names_in(world).empty());
}

TEST_CASE_TEMPLATE("a file made without a name has the default mode", World, PosixWorld, FakeWorld) {
  World world;
  auto file = must(world.directory().create_unnamed("f"));
  if (!file) return;
  must(file->give_name("a"));
  CHECK(world.mode("a") == world.files().default_mode());
}

TEST_CASE_TEMPLATE("two files without a name are two files", World, PosixWorld, FakeWorld) {
  World world;
  auto first = must(world.directory().create_unnamed("f"));
  if (!first) return;
  auto second = must(world.directory().create_unnamed("f"));
  REQUIRE(second);
  CHECK(!(must(first->status()).id == must(second->status()).id));
  must(first->write_at(0, bytes_of("one")));
  must(second->write_at(0, bytes_of("two")));
  must(second->give_name("b"));
  must(first->give_name("a"));
  CHECK(read_text(*must(world.directory().open("a", OpenMode::read_only)), 0, 9) == "one");
  CHECK(read_text(*must(world.directory().open("b", OpenMode::read_only)), 0, 9) == "two");
}

TEST_CASE_TEMPLATE("a sync that is begun early changes nothing and can be waited for", World, PosixWorld, FakeWorld) {
  World world;
  const auto named = write_file(world.directory(), "a", "text");
  named->start_sync();
  must(named->sync());
  CHECK(read_text(*named, 0, 9) == "text");
  const auto reader = must(world.directory().open("a", OpenMode::read_only));
  reader->start_sync();
  auto file = must(world.directory().create_unnamed("f"));
  if (!file) return;
  file->start_sync();  // of nothing
  must(file->write_at(0, bytes_of("more")));
  file->start_sync();
  must(file->write_at(4, bytes_of("+")));
  must(file->sync());
  CHECK(read_text(*file, 0, 9) == "more+");
}

TEST_CASE("the real file system's default mode follows the umask of the process") {
  for (const unsigned mask : {0U, 022U, 027U, 077U}) {
    CAPTURE(mask);
    PosixWorld world;
    const ::mode_t before = ::umask(mask);
    auto file = must(world.directory().create_unnamed("f"));
    const unsigned mode = world.files().default_mode();
    ::umask(before);
    CHECK(mode == (0666U & ~mask));
    if (!file) return;
    must(file->give_name("a"));
    CHECK(world.mode("a") == mode);
  }
}

TEST_CASE("a file system without such files says so") {
  FakeFs disk;
  disk.set_kind(kNfs);
  CHECK(must(must(disk.open_directory("."))->create_unnamed("f")) == nullptr);
}

TEST_CASE("what was synced without a name is whole after a power cut once the directory was synced") {
  for (const bool directory_synced : {false, true}) {
    FakeFs disk;
    const auto directory = must(disk.open_directory("."));
    auto file = must(directory->create_unnamed("f"));
    must(file->write_at(0, bytes_of("all of it")));
    must(file->sync());
    must(file->give_name("a"));
    if (directory_synced) must(directory->sync());
    disk.power_cut(0);
    CHECK(disk.names() == (directory_synced ? Names{"a"} : Names{}));
    if (directory_synced) CHECK(disk.get("a")->size() == 9);
  }
}

}  // namespace
}  // namespace segdl::test
