// The contract of Directory and FileSystem, on the fake and on the real file system.
#include "contract/file_worlds.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace segdl::test {
namespace {

constexpr std::array kAllModes = {OpenMode::existing, OpenMode::read_only, OpenMode::create, OpenMode::create_new};
constexpr std::array kSpecialKinds = {FileKind::directory, FileKind::symlink, FileKind::other};

void check_local(const Error& error, const std::string& reason) {
  CHECK(error.cause == Cause::local);
  CHECK(error.remedy == Remedy::stop);
  CHECK(error.reason == reason);
  CHECK(!error.operation.empty());
  CHECK(!error.subject.empty());
}

TEST_CASE_TEMPLATE("an absent file can't be opened, only created", World, PosixWorld, FakeWorld) {
  World world;
  for (const OpenMode mode : {OpenMode::existing, OpenMode::read_only}) {
    const auto file = world.directory().open("a", mode);
    REQUIRE(!file);
    check_local(file.error(), "No such file or directory");
    CHECK(file.error().subject == (world.path() / "a").string());
  }
  CHECK(!must(world.directory().status("a")));
  must(world.directory().open("a", OpenMode::create));
  must(world.directory().open("b", OpenMode::create_new));
}

TEST_CASE_TEMPLATE("a new file is empty and nobody else's to read", World, PosixWorld, FakeWorld) {
  World world;
  must(world.directory().open("a", OpenMode::create));
  must(world.directory().open("b", OpenMode::create_new));
  CHECK(must(world.directory().status("a"))->size == 0);
  CHECK(world.mode("a") == 0600);
  CHECK(world.mode("b") == 0600);
}

TEST_CASE_TEMPLATE("opening a file that is there keeps its contents, to create it anew is refused", World, PosixWorld,
                   FakeWorld) {
  World world;
  write_file(world.directory(), "a", "precious");
  const auto anew = world.directory().open("a", OpenMode::create_new);
  REQUIRE(!anew);
  CHECK(anew.error().cause == Cause::exists);
  for (const OpenMode mode : {OpenMode::existing, OpenMode::read_only, OpenMode::create}) {
    CHECK(read_text(*must(world.directory().open("a", mode)), 0, 100) == "precious");
  }
}

TEST_CASE_TEMPLATE("a directory, symlink or FIFO is refused at once, whatever the mode", World, PosixWorld, FakeWorld) {
  World world;
  write_file(world.directory(), "target", "precious");
  for (const FileKind kind : kSpecialKinds) {
    const std::string name = "special" + std::to_string(static_cast<int>(kind));
    world.place(name, kind);
    for (const OpenMode mode : kAllModes) {
      const auto file = world.directory().open(name, mode);
      REQUIRE(!file);
      CHECK(file.error().cause == Cause::exists);
      CHECK(file.error().remedy == Remedy::stop);
      CHECK(!file.error().reason.empty());
      CHECK(file.error().subject == (world.path() / name).string());
    }
    CHECK(must(world.directory().status(name))->kind == kind);
  }
  CHECK(read_text(*must(world.directory().open("target", OpenMode::read_only)), 0, 100) == "precious");
}

TEST_CASE_TEMPLATE("what a link leads to can be opened to be read, if it is a file", World, PosixWorld, FakeWorld) {
  World world;
  world.place("link", FileKind::symlink);
  CHECK_FALSE(world.directory().open("link", OpenMode::read_target).ok());
  write_file(world.directory(), "target", "abc");
  for (const char* name : {"link", "target"}) {
    auto file = must(world.directory().open(name, OpenMode::read_target));
    CHECK(read_text(*file, 0, 3) == "abc");
    CHECK_FALSE(must(file->status()).may_be_planted);
    CHECK_FALSE(file->write_at(0, bytes_of("x")).ok());
  }
  CHECK(must(world.directory().status("link"))->kind == FileKind::symlink);
}

TEST_CASE_TEMPLATE("a name that can be given is not refused", World, PosixWorld, FakeWorld) {
  World world;
  write_file(world.directory(), "f", "abc");
  CHECK(world.directory().may_be_named("f", true).ok());
  CHECK(world.directory().may_be_named("g", false).ok());
}

TEST_CASE_TEMPLATE("nothing is created through a dangling symlink", World, PosixWorld, FakeWorld) {
  World world;
  world.place("link", FileKind::symlink);
  for (const OpenMode mode : kAllModes) {
    const auto file = world.directory().open("link", mode);
    REQUIRE(!file);
    CHECK(file.error().cause == Cause::exists);
  }
  CHECK(!must(world.directory().status("target")));
}

TEST_CASE_TEMPLATE("status tells what has a name without following it", World, PosixWorld, FakeWorld) {
  World world;
  const auto file = write_file(world.directory(), "target", "12345");
  world.place("link", FileKind::symlink);
  const auto status = must(world.directory().status("target"));
  REQUIRE(status);
  CHECK(status->kind == FileKind::regular);
  CHECK(status->size == 5);
  CHECK(status->id == must(file->status()).id);
  CHECK(must(world.directory().status("link"))->kind == FileKind::symlink);
  CHECK(!must(world.directory().status("nothing")));
}

TEST_CASE_TEMPLATE("a rename replaces what has the name if it may, and is refused if it may not", World, PosixWorld,
                   FakeWorld) {
  World world;
  const auto a = write_file(world.directory(), "a", "new");
  write_file(world.directory(), "b", "old");
  const auto refused = world.directory().rename("a", "b", false);
  REQUIRE(!refused);
  CHECK(refused.error().cause == Cause::exists);
  CHECK(refused.error().subject == (world.path() / "b").string());
  CHECK(must(world.directory().status("a")));
  CHECK(read_text(*must(world.directory().open("b", OpenMode::read_only)), 0, 9) == "old");

  must(world.directory().rename("a", "b", true));
  CHECK(!must(world.directory().status("a")));
  CHECK(must(world.directory().status("b"))->id == must(a->status()).id);
  CHECK(read_text(*must(world.directory().open("b", OpenMode::read_only)), 0, 9) == "new");
}

TEST_CASE_TEMPLATE("a rename to a free name needs no leave to replace", World, PosixWorld, FakeWorld) {
  World world;
  const auto file = write_file(world.directory(), "a", "text");
  must(world.directory().rename("a", "b", false));
  CHECK(!must(world.directory().status("a")));
  must(file->write_at(4, bytes_of("+")));
  CHECK(read_text(*must(world.directory().open("b", OpenMode::read_only)), 0, 9) == "text+");
}

TEST_CASE_TEMPLATE("a rename without leave does not replace a symlink either", World, PosixWorld, FakeWorld) {
  World world;
  write_file(world.directory(), "a", "text");
  world.place("link", FileKind::symlink);
  const auto refused = world.directory().rename("a", "link", false);
  REQUIRE(!refused);
  CHECK(refused.error().cause == Cause::exists);
  CHECK(must(world.directory().status("link"))->kind == FileKind::symlink);
}

TEST_CASE_TEMPLATE("an absent file can't be renamed, nor a directory replaced", World, PosixWorld, FakeWorld) {
  World world;
  write_file(world.directory(), "b", "old");
  const auto absent = world.directory().rename("a", "b", true);
  REQUIRE(!absent);
  check_local(absent.error(), "No such file or directory");
  CHECK(must(world.directory().status("b"))->size == 3);

  world.place("d", FileKind::directory);
  const auto onto = world.directory().rename("b", "d", true);
  REQUIRE(!onto);
  check_local(onto.error(), "Is a directory");
  CHECK(must(world.directory().status("d"))->kind == FileKind::directory);
}

TEST_CASE_TEMPLATE("an exchange swaps two names, and needs both", World, PosixWorld, FakeWorld) {
  World world;
  write_file(world.directory(), "a", "one");
  write_file(world.directory(), "b", "two");
  if (!must(world.directory().exchange("a", "b"))) return;
  CHECK(read_text(*must(world.directory().open("a", OpenMode::read_only)), 0, 9) == "two");
  CHECK(read_text(*must(world.directory().open("b", OpenMode::read_only)), 0, 9) == "one");
  const auto alone = world.directory().exchange("a", "c");
  REQUIRE(!alone);
  check_local(alone.error(), "No such file or directory");
  CHECK(must(world.directory().status("a")));
}

TEST_CASE_TEMPLATE("a removed file is gone by name and lives on in its handles", World, PosixWorld, FakeWorld) {
  World world;
  const auto file = write_file(world.directory(), "a", "text");
  must(world.directory().remove("a"));
  CHECK(!must(world.directory().status("a")));
  CHECK(read_text(*file, 0, 9) == "text");
  must(world.directory().remove("a"));
}

TEST_CASE_TEMPLATE("a directory is not removed like a file", World, PosixWorld, FakeWorld) {
  World world;
  world.place("d", FileKind::directory);
  const auto removed = world.directory().remove("d");
  REQUIRE(!removed);
  CHECK(removed.error().cause == Cause::local);
  CHECK(must(world.directory().status("d")));
}

TEST_CASE_TEMPLATE("removing a symlink leaves its target", World, PosixWorld, FakeWorld) {
  World world;
  write_file(world.directory(), "target", "precious");
  world.place("link", FileKind::symlink);
  must(world.directory().remove("link"));
  CHECK(!must(world.directory().status("link")));
  CHECK(must(world.directory().status("target")));
}

TEST_CASE_TEMPLATE("a directory can be synced", World, PosixWorld, FakeWorld) {
  World world;
  write_file(world.directory(), "a", "text");
  must(world.directory().rename("a", "b", false));
  must(world.directory().sync());
  CHECK(must(world.directory().status("b")));
}

TEST_CASE_TEMPLATE("a name of 300 bytes is refused in clear words everywhere", World, PosixWorld, FakeWorld) {
  World world;
  const std::string name(300, 'n');
  write_file(world.directory(), "a", "");
  for (const OpenMode mode : kAllModes) {
    const auto file = world.directory().open(name, mode);
    REQUIRE(!file);
    check_local(file.error(), "File name too long");
  }
  const auto status = world.directory().status(name);
  REQUIRE(!status);
  check_local(status.error(), "File name too long");
  const auto renamed = world.directory().rename("a", name, false);
  REQUIRE(!renamed);
  check_local(renamed.error(), "File name too long");
  CHECK(must(world.directory().status("a")));
}

TEST_CASE_TEMPLATE("a name is that of an open file as long as it leads to it", World, PosixWorld, FakeWorld) {
  World world;
  Directory& directory = world.directory();
  const auto file = write_file(directory, "a", "x");
  CHECK(must(file->has_name("a")));
  CHECK_FALSE(must(file->has_name("b")));
  must(directory.rename("a", "b", false));
  const auto other = write_file(directory, "a", "x");
  CHECK(must(file->has_name("b")));
  CHECK_FALSE(must(file->has_name("a")));
  must(directory.rename("a", "b", true));
  CHECK_FALSE(must(file->has_name("b")));
  CHECK(must(other->has_name("b")));
  must(directory.remove("b"));
  CHECK_FALSE(must(other->has_name("b")));
}

TEST_CASE_TEMPLATE("all names of a directory are told, or none if there are too many", World, PosixWorld, FakeWorld) {
  World world;
  CHECK(must(world.directory().names(0))->empty());
  for (const std::string name : {"a", "b.part", ".hidden"}) write_file(world.directory(), name, "x");
  for (int twice = 0; twice < 2; ++twice) {
    auto names = *must(world.directory().names(3));
    std::sort(names.begin(), names.end());
    CHECK(names == std::vector<std::string>{".hidden", "a", "b.part"});
  }
  CHECK_FALSE(must(world.directory().names(2)));
}

TEST_CASE_TEMPLATE("paths are written as a person would", World, PosixWorld, FakeWorld) {
  World world;
  CHECK(world.directory().path_of("a") == (world.path() / "a").string());
}

TEST_CASE_TEMPLATE("the default mode is one that a umask can leave", World, PosixWorld, FakeWorld) {
  World world;
  CHECK((world.files().default_mode() & ~0666U) == 0);
}

}  // namespace
}  // namespace segdl::test
