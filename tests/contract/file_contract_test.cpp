// The contract of File and Mapping, on the fake and on the real file system.
#include "contract/file_worlds.h"

#include <cstring>
#include <limits>
#include <thread>

namespace segdl::test {
namespace {

constexpr std::uint64_t kFarAway = std::uint64_t{1} << 33;

TEST_CASE_TEMPLATE("what was written is read back, by every handle", World, PosixWorld, FakeWorld) {
  World world;
  const auto file = write_file(world.directory(), "a", "0123456789");
  const auto other = must(world.directory().open("a", OpenMode::read_only));
  must(file->write_at(3, bytes_of("xyz")));
  CHECK(read_text(*file, 0, 10) == "012xyz6789");
  CHECK(read_text(*other, 0, 10) == "012xyz6789");
}

TEST_CASE_TEMPLATE("a read is short only at the end of the file", World, PosixWorld, FakeWorld) {
  World world;
  const auto file = write_file(world.directory(), "a", "0123456789");
  CHECK(read_text(*file, 6, 100) == "6789");
  CHECK(read_text(*file, 10, 5).empty());
  CHECK(read_text(*file, kFarAway, 5).empty());
  CHECK(read_text(*file, 2, 0).empty());
}

TEST_CASE_TEMPLATE("a write beyond the end leaves zeros in between", World, PosixWorld, FakeWorld) {
  World world;
  const auto file = write_file(world.directory(), "a", "ab");
  must(file->write_at(5, bytes_of("f")));
  CHECK(read_text(*file, 0, 10) == std::string("ab\0\0\0f", 6));
  CHECK(must(file->status()).size == 6);
}

TEST_CASE_TEMPLATE("what was never written, or cut off and not written again, is a hole", World, PosixWorld,
                   FakeWorld) {
  constexpr std::uint64_t kPiece = 256 * 1024;
  World world;
  const auto file = write_file(world.directory(), "a", "");
  CHECK(file->first_hole() == 0);
  must(file->reserve(3 * kPiece));
  must(file->resize(3 * kPiece));
  must(file->write_at(0, bytes_of(std::string(kPiece, 'a'))));
  must(file->write_at(2 * kPiece, bytes_of(std::string(kPiece, 'c'))));
  CHECK(file->first_hole() == kPiece);
  must(file->write_at(kPiece, bytes_of(std::string(kPiece, '\0'))));
  CHECK(file->first_hole() == 3 * kPiece);
  must(file->sync());
  CHECK(file->first_hole() == 3 * kPiece);
  must(file->resize(0));
  must(file->resize(3 * kPiece));
  must(file->write_at(kPiece, bytes_of(std::string(2 * kPiece, 'x'))));
  CHECK(file->first_hole() == 0);
}

TEST_CASE_TEMPLATE("an attribute stays with a file that is renamed, and changes no time", World, PosixWorld,
                   FakeWorld) {
  World world;
  const auto file = write_file(world.directory(), "a", "0123456789");
  CHECK_FALSE(file->attribute("segdl").has_value());
  const auto before = must(file->status()).modified;
  if (!file->set_attribute("segdl", bytes_of("first")).ok()) return;  // a file system without attributes
  must(file->set_attribute("segdl", bytes_of("second")));
  CHECK(must(file->status()).modified == before);
  must(world.directory().rename("a", "b", false));
  const auto value = must(world.directory().open("b", OpenMode::read_only))->attribute("segdl");
  REQUIRE(value.has_value());
  CHECK(std::string(reinterpret_cast<const char*>(value->data()), value->size()) == "second");
  must(file->change({.modified = std::chrono::sys_seconds(std::chrono::seconds(1'234'567'890))}));
  CHECK(must(file->status()).modified == std::chrono::sys_seconds(std::chrono::seconds(1'234'567'890)));
  must(file->write_at(0, bytes_of("x")));
  CHECK(must(file->status()).modified != std::chrono::sys_seconds(std::chrono::seconds(1'234'567'890)));
}

TEST_CASE("offsets beyond 4 GiB are exact") {
  PosixWorld world;  // the fake would need the memory
  const auto file = write_file(world.directory(), "a", "start");
  must(file->write_at(kFarAway + 1, bytes_of("far")));
  CHECK(must(file->status()).size == kFarAway + 4);
  CHECK(read_text(*file, kFarAway, 10) == std::string("\0far", 4));
  CHECK(read_text(*file, 0, 5) == "start");
}

TEST_CASE_TEMPLATE("a write of nothing changes nothing", World, PosixWorld, FakeWorld) {
  World world;
  const auto file = write_file(world.directory(), "a", "ab");
  must(file->write_at(100, {}));
  CHECK(must(file->status()).size == 2);
}

TEST_CASE_TEMPLATE("an offset that no file can have is an error with that offset", World, PosixWorld, FakeWorld) {
  World world;
  const auto file = write_file(world.directory(), "a", "ab");
  const auto written = file->write_at(std::numeric_limits<std::uint64_t>::max() - 1, bytes_of("x"));
  REQUIRE(!written);
  CHECK(written.error().cause == Cause::local);
  CHECK(written.error().offset == std::numeric_limits<std::uint64_t>::max() - 1);
  CHECK(must(file->status()).size == 2);
}

TEST_CASE_TEMPLATE("a file opened read-only refuses writes in the system's words", World, PosixWorld, FakeWorld) {
  World world;
  write_file(world.directory(), "a", "ab");
  const auto file = must(world.directory().open("a", OpenMode::read_only));
  const auto written = file->write_at(1, bytes_of("x"));
  REQUIRE(!written);
  CHECK(written.error().cause == Cause::local);
  CHECK(written.error().remedy == Remedy::stop);
  CHECK(written.error().message() == "write " + (world.path() / "a").string() + " at 1: Bad file descriptor");
  CHECK(!file->resize(0));
  CHECK(!file->map(1));
  CHECK(read_text(*file, 0, 2) == "ab");
}

TEST_CASE_TEMPLATE("reserving space does not change the length, and what is reserved can be written", World, PosixWorld,
                   FakeWorld) {
  World world;
  const auto file = write_file(world.directory(), "a", "ab");
  if (must(file->reserve(1 << 20))) {
    CHECK(must(file->status()).size == 2);
    must(file->write_at((1 << 20) - 1, bytes_of("z")));
  }
  CHECK(read_text(*file, 0, 2) == "ab");
}

TEST_CASE_TEMPLATE("reserving nothing is always possible", World, PosixWorld, FakeWorld) {
  World world;
  const auto file = write_file(world.directory(), "a", "");
  CHECK(must(file->reserve(0)));
}

TEST_CASE_TEMPLATE("more space than any disk has is refused", World, PosixWorld, FakeWorld) {
  World world;
  const auto file = write_file(world.directory(), "a", "");
  if constexpr (std::is_same_v<World, FakeWorld>) world.files().set_capacity(1 << 20);
  const auto reserved = file->reserve(std::uint64_t{1} << 60);
  if (reserved) {
    CHECK(!*reserved);  // can't promise anything
  } else {
    CHECK(reserved.error().cause == Cause::local);
    CHECK(!reserved.error().reason.empty());
  }
  CHECK(must(file->status()).size == 0);
}

TEST_CASE_TEMPLATE("a longer file is zeros, and what was cut off does not come back", World, PosixWorld, FakeWorld) {
  World world;
  const auto file = write_file(world.directory(), "a", "0123456789");
  must(file->resize(4));
  CHECK(read_text(*file, 0, 10) == "0123");
  must(file->resize(8));
  CHECK(read_text(*file, 0, 10) == std::string("0123\0\0\0\0", 8));
}

TEST_CASE_TEMPLATE("a length no file can have is refused", World, PosixWorld, FakeWorld) {
  World world;
  const auto file = write_file(world.directory(), "a", "ab");
  CHECK(!file->resize(std::numeric_limits<std::uint64_t>::max()));
  CHECK(must(file->status()).size == 2);
}

TEST_CASE_TEMPLATE("the lock belongs to one open file at a time", World, PosixWorld, FakeWorld) {
  World world;
  auto first = write_file(world.directory(), "a", "");
  const auto second = must(world.directory().open("a", OpenMode::existing));
  CHECK(must(first->try_lock()));
  CHECK(must(first->try_lock()));  // its own lock is not in its way
  CHECK_FALSE(must(second->try_lock()));
  first.reset();
  CHECK(must(second->try_lock()));
}

TEST_CASE_TEMPLATE("asking for the lock's holder takes nothing", World, PosixWorld, FakeWorld) {
  World world;
  const auto first = write_file(world.directory(), "a", "");
  const auto reader = must(world.directory().open("a", OpenMode::read_only));
  CHECK_FALSE(must(reader->locked_by_another()));
  CHECK(must(first->try_lock()));
  CHECK(must(reader->locked_by_another()));
  CHECK_FALSE(must(first->locked_by_another()));
}

TEST_CASE_TEMPLATE("the lock follows the file, not the name", World, PosixWorld, FakeWorld) {
  World world;
  const auto first = write_file(world.directory(), "a", "");
  CHECK(must(first->try_lock()));
  must(world.directory().rename("a", "b", true));
  const auto renamed = must(world.directory().open("b", OpenMode::existing));
  CHECK_FALSE(must(renamed->try_lock()));
  const auto fresh = must(world.directory().open("a", OpenMode::create_new));
  CHECK(must(fresh->try_lock()));
}

TEST_CASE_TEMPLATE("stores into a mapping are seen by reads, and writes by the mapping", World, PosixWorld, FakeWorld) {
  World world;
  const auto file = write_file(world.directory(), "a", std::string(10'000, '.'));
  const auto mapping = must(file->map(10'000));
  if (!mapping) return;  // they can't be trusted there
  REQUIRE(mapping->bytes().size() == 10'000);
  mapping->bytes()[5'000] = std::byte{'x'};
  CHECK(read_text(*file, 4'999, 3) == ".x.");
  must(file->write_at(7, bytes_of("y")));
  CHECK(mapping->bytes()[7] == std::byte{'y'});
  must(mapping->sync());
}

TEST_CASE_TEMPLATE("a mapping outlives the file it was made from", World, PosixWorld, FakeWorld) {
  World world;
  auto file = write_file(world.directory(), "a", "0123");
  const auto mapping = must(file->map(4));
  if (!mapping) return;
  file.reset();
  std::memcpy(mapping->bytes().data(), "wxyz", 4);
  must(mapping->sync());
  file = must(world.directory().open("a", OpenMode::read_only));
  CHECK(read_text(*file, 0, 10) == "wxyz");
}

TEST_CASE_TEMPLATE("a file has one identity under all its handles, and no other file has it", World, PosixWorld,
                   FakeWorld) {
  World world;
  const auto a = write_file(world.directory(), "a", "");
  const auto again = must(world.directory().open("a", OpenMode::read_only));
  const auto b = write_file(world.directory(), "b", "12345");
  CHECK(must(a->status()).id == must(again->status()).id);
  CHECK(must(a->status()).id != must(b->status()).id);
  CHECK(must(b->status()).size == 5);
  CHECK(must(b->status()).kind == FileKind::regular);
}

TEST_CASE_TEMPLATE("a mode that is set is the file's mode", World, PosixWorld, FakeWorld) {
  World world;
  const auto file = write_file(world.directory(), "a", "");
  must(file->change({.mode = 0640}));
  CHECK(world.mode("a") == 0640);
}

TEST_CASE_TEMPLATE("a time that is set stays until the next write", World, PosixWorld, FakeWorld) {
  World world;
  const auto file = write_file(world.directory(), "a", "x");
  const FakeTime time{std::chrono::milliseconds(1'000'000'007'500)};
  must(file->change({.modified = time}));
  CHECK(world.modified("a") == time);
  must(file->sync());
  CHECK(world.modified("a") == time);
  must(file->write_at(0, bytes_of("y")));
  CHECK(world.modified("a") != time);
}

TEST_CASE_TEMPLATE("owner, mode and time are changed in one call, and what is not given stays", World, PosixWorld,
                   FakeWorld) {
  World world;
  const auto file = write_file(world.directory(), "a", "x");
  const FileStatus before = must(file->status());
  const FakeTime time{std::chrono::seconds(1'000'000'007)};
  must(file->change({.owner = FileChange::Owner{before.owner, before.group}, .mode = 0640, .modified = time}));
  for (const FileChange& none : {FileChange{}, FileChange{.mode = 0640}}) {
    must(file->change(none));
    const FileStatus after = must(file->status());
    CHECK(after.mode == 0640);
    CHECK(after.owner == before.owner);
    CHECK(after.group == before.group);
    CHECK(after.modified == time);
  }
}

TEST_CASE_TEMPLATE("a sync of written data succeeds", World, PosixWorld, FakeWorld) {
  World world;
  const auto file = write_file(world.directory(), "a", "ab");
  must(file->sync());
  CHECK(read_text(*file, 0, 2) == "ab");
}

TEST_CASE_TEMPLATE("threads may write and read different ranges at once", World, PosixWorld, FakeWorld) {
  World world;
  const auto file = write_file(world.directory(), "a", "");
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kSize = 64 * 1024;
  std::vector<std::string> seen(kThreads);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&file, &mine = seen[i], i] {
        const std::string text(kSize, static_cast<char>('a' + i));
        mine.resize(kSize);
        const bool written = file->write_at(i * kSize, bytes_of(text)).ok();
        const auto got = file->read_at(i * kSize, std::as_writable_bytes(std::span(mine)));
        if (!written || !got || *got != kSize) mine.clear();
      });
    }
  }
  for (std::size_t i = 0; i < kThreads; ++i) CHECK(seen[i] == std::string(kSize, static_cast<char>('a' + i)));
  CHECK(must(file->status()).size == kThreads * kSize);
}

}  // namespace
}  // namespace segdl::test
