// The injector itself: that FakeFs dies, fails and forgets exactly as told.
#include "support/fake_fs.h"

#include "contract/file_worlds.h"

#include <algorithm>
#include <cerrno>
#include <set>

namespace segdl::test {
namespace {

using Strings = std::vector<std::string>;

constexpr std::size_t kPage = 4096;

std::string text_of(const FakeFs& disk, const std::string& name) {
  const auto bytes = disk.get(name);
  if (!bytes) return "absent";
  return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

// Eight pages of one letter each, unsynced or not.
std::string letters(char letter) { return std::string(8 * kPage, letter); }

// Which of the eight pages hold `letter`, as a picture: "x.x....x".
std::string picture(const FakeFs& disk, const std::string& name, char letter) {
  const std::string text = text_of(disk, name);
  std::string result;
  for (std::size_t at = 0; at < text.size(); at += kPage) {
    const std::string page = text.substr(at, kPage);
    const bool whole = std::all_of(page.begin(), page.end(), [&](char c) { return c == page[0]; });
    result += !whole ? '?' : page[0] == letter ? 'x' : '.';
  }
  return result;
}

// Creates a file in three steps, each an operation (after the one that opens the directory). How far it came.
int three_steps(FakeFs& disk) {
  const auto directory = disk.open_directory(".");
  if (!directory) return 0;
  const auto file = (*directory)->open("a", OpenMode::create);
  if (!file) return 1;
  if (!(*file)->write_at(0, bytes_of("text"))) return 2;
  return (*directory)->rename("a", "b", false) ? 4 : 3;
}

TEST_CASE("a crash at the k-th operation stops everything before that operation") {
  const std::vector<std::pair<Strings, std::string>> after = {
      {{}, ""}, {{}, ""}, {{"a"}, ""}, {{"a"}, "text"}, {{"b"}, "text"}};
  for (std::uint64_t k = 1; k <= 5; ++k) {
    FakeFs disk;
    disk.crash_at(k);
    CHECK(three_steps(disk) == static_cast<int>(k) - 1);
    CHECK(disk.crashed() == (k < 5));
    disk.kill();
    CHECK_FALSE(disk.crashed());
    const auto& [names, text] = after[k - 1];
    CHECK(disk.names() == names);
    if (!names.empty()) CHECK(text_of(disk, names[0]) == text);
    CHECK(disk.operation_count() == 0);
  }
}

TEST_CASE("after a crash every operation of every old handle fails, even in the next life") {
  FakeFs disk;
  const auto directory = must(disk.open_directory("."));
  auto file = write_file(*directory, "a", "text");
  const auto mapping = must(file->map(4));
  disk.crash_at(1);
  const auto crash = file->status();
  REQUIRE(!crash);
  CHECK(crash.error().cause == Cause::internal);
  CHECK(crash.error().reason == "crashed");
  const auto all_fail = [&] {
    std::array<std::byte, 4> bytes{};
    CHECK(!file->read_at(0, bytes));
    CHECK(!file->write_at(0, bytes));
    CHECK(!file->resize(0));
    CHECK(!file->sync());
    CHECK(!file->try_lock());
    CHECK(!mapping->sync());
    CHECK(!directory->open("b", OpenMode::create));
    CHECK(!directory->rename("a", "b", true));
    CHECK(!directory->remove("a"));
    CHECK(!directory->sync());
  };
  all_fail();
  CHECK(!disk.open_directory("."));
  disk.kill();
  all_fail();
  CHECK(text_of(disk, "a") == "text");
  CHECK(disk.open_directory(".").ok());
}

TEST_CASE("a crash in a write leaves as many of its bytes as it was told to") {
  for (const std::uint64_t torn : {0, 1, 3, 100}) {
    FakeFs disk;
    const auto directory = must(disk.open_directory("."));
    const auto file = write_file(*directory, "a", "....");
    disk.crash_at(1, torn);
    CHECK(!file->write_at(0, bytes_of("text")));
    disk.kill();
    const std::size_t kept = std::min<std::uint64_t>(torn, 4);
    CHECK(text_of(disk, "a") == std::string("text").substr(0, kept) + std::string(4 - kept, '.'));
  }
}

TEST_CASE("mapped stores made before a crash survive a kill, those made after it are lost") {
  FakeFs disk;
  const auto directory = must(disk.open_directory("."));
  const auto file = write_file(*directory, "a", "....");
  const auto mapping = must(file->map(4));
  mapping->bytes()[0] = std::byte{'1'};
  disk.crash_at(1);
  CHECK(!directory->sync());
  mapping->bytes()[1] = std::byte{'2'};
  disk.kill();
  mapping->bytes()[2] = std::byte{'3'};
  CHECK(text_of(disk, "a") == "1...");
}

TEST_CASE("a kill frees the locks of the dead, and their handles can't free those of the living") {
  FakeFs disk;
  auto old_directory = must(disk.open_directory("."));
  auto dead = write_file(*old_directory, "a", "");
  CHECK(must(dead->try_lock()));
  disk.kill();
  const auto directory = must(disk.open_directory("."));
  const auto file = must(directory->open("a", OpenMode::existing));
  CHECK(must(file->try_lock()));
  dead.reset();
  const auto second = must(directory->open("a", OpenMode::existing));
  CHECK_FALSE(must(second->try_lock()));
}

TEST_CASE("a kill keeps everything, synced or not") {
  FakeFs disk;
  const auto directory = must(disk.open_directory("."));
  write_file(*directory, "a", letters('u'));
  must(directory->rename("a", "b", false));
  disk.kill();
  CHECK(disk.names() == Strings{"b"});
  CHECK(picture(disk, "b", 'u') == "xxxxxxxx");
}

TEST_CASE("after a power cut each unsynced page stays or reverts by itself, synced ones always stay") {
  std::set<std::string> pictures;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    FakeFs disk;
    disk.put("a", letters('o'));
    const auto directory = must(disk.open_directory("."));
    const auto file = must(directory->open("a", OpenMode::existing));
    must(file->write_at(0, bytes_of(std::string(3 * kPage, 's'))));
    must(file->sync());
    must(file->write_at(3 * kPage, bytes_of(std::string(5 * kPage, 'u'))));
    disk.power_cut(seed);
    const std::string synced = picture(disk, "a", 's');
    CHECK(synced == "xxx.....");
    pictures.insert(picture(disk, "a", 'u'));
    if (seed == 0) CHECK(*pictures.begin() == "........");
  }
  CHECK(pictures.size() > 5);
}

TEST_CASE("equal seeds do equal damage") {
  const auto damage = [](std::uint64_t seed) {
    FakeFs disk;
    disk.put("a", letters('o'));
    const auto directory = must(disk.open_directory("."));
    must(must(directory->open("a", OpenMode::existing))->write_at(0, bytes_of(letters('u'))));
    disk.power_cut(seed);
    return picture(disk, "a", 'u');
  };
  CHECK(damage(7) == damage(7));
  CHECK(damage(7) != damage(8));
}

TEST_CASE("mapped pages revert too, unless the mapping or the file was synced") {
  for (const bool by_mapping : {true, false}) {
    CAPTURE(by_mapping);
    std::set<std::string> pictures;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      FakeFs disk;
      disk.put("a", letters('o'));
      const auto directory = must(disk.open_directory("."));
      const auto file = must(directory->open("a", OpenMode::existing));
      const auto mapping = must(file->map(8 * kPage));
      std::fill_n(mapping->bytes().begin(), 3 * kPage, std::byte{'s'});
      must(by_mapping ? mapping->sync() : file->sync());
      std::fill_n(mapping->bytes().begin() + 3 * kPage, 5 * kPage, std::byte{'u'});
      disk.power_cut(seed);
      CHECK(picture(disk, "a", 's') == "xxx.....");
      pictures.insert(picture(disk, "a", 'u'));
    }
    CHECK(pictures.size() > 5);
  }
}

TEST_CASE("pages written by a life before can still be lost to a power cut, after a clean death too") {
  FakeFs disk;
  {
    const auto directory = must(disk.open_directory("."));
    write_file(*directory, "a", letters('u'));
    must(directory->sync());
  }
  disk.kill();
  CHECK(picture(disk, "a", 'u') == "xxxxxxxx");
  disk.power_cut(0);
  CHECK(text_of(disk, "a").empty());
}

TEST_CASE("a power cut takes lengths that were not synced, and no byte it leaves is invented") {
  std::set<std::size_t> lengths;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    FakeFs disk;
    disk.put("grown", "1234");
    disk.put("cut", "12345678");
    const auto directory = must(disk.open_directory("."));
    const auto grown = must(directory->open("grown", OpenMode::existing));
    must(grown->resize(10'000));
    const auto cut = must(directory->open("cut", OpenMode::existing));
    must(cut->resize(4));
    disk.power_cut(seed);
    const std::string longer = text_of(disk, "grown");
    lengths.insert(longer.size());
    CHECK(longer.substr(0, 4) == "1234");
    CHECK(longer.find_first_not_of('\0', 4) == std::string::npos);
    const std::set<std::string> possible = {"1234", "12345678", std::string("1234\0\0\0\0", 8)};
    CHECK(possible.contains(text_of(disk, "cut")));
  }
  CHECK(lengths == std::set<std::size_t>{4, 10'000});
}

TEST_CASE("what was emptied, grown and synced does not come back") {
  FakeFs disk;
  disk.put("a", letters('o'));
  const auto directory = must(disk.open_directory("."));
  const auto file = must(directory->open("a", OpenMode::existing));
  must(file->resize(0));
  must(file->resize(8 * kPage));
  must(file->sync());
  disk.power_cut(0);
  CHECK(text_of(disk, "a") == std::string(8 * kPage, '\0'));
}

TEST_CASE("a rename may be lost to a power cut until the directory is synced, then never") {
  for (const bool synced : {true, false}) {
    CAPTURE(synced);
    std::set<Strings> seen;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      FakeFs disk;
      disk.put("a", "text");
      const auto directory = must(disk.open_directory("."));
      must(directory->rename("a", "b", false));
      if (synced) must(directory->sync());
      disk.power_cut(seed);
      seen.insert(disk.names());
    }
    CHECK(seen.contains({"b"}));
    CHECK(seen.contains({"a"}) == !synced);
    CHECK(seen.size() == (synced ? 1 : 2));
  }
}

TEST_CASE("names change on disk in the order they were changed in, each change whole") {
  std::set<Strings> seen;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    FakeFs disk;
    disk.put("old", "old");
    const auto directory = must(disk.open_directory("."));
    must(directory->open("new", OpenMode::create));
    must(directory->exchange("new", "old"));
    must(directory->rename("new", "aside", false));
    must(directory->remove("aside"));
    disk.power_cut(seed);
    Strings state = disk.names();
    if (disk.get("old")) state.push_back(text_of(disk, "old"));
    seen.insert(state);
  }
  const std::set<Strings> possible = {
      {"old", "old"}, {"new", "old", "old"}, {"new", "old", ""}, {"aside", "old", ""}, {"old", ""}};
  CHECK(seen == possible);
}

TEST_CASE("a file's sync does not make its name durable") {
  FakeFs disk;
  const auto directory = must(disk.open_directory("."));
  must(write_file(*directory, "a", "text")->sync());
  disk.power_cut(0);
  CHECK(disk.names().empty());
}

TEST_CASE("after a failed sync a good one says nothing about the pages before") {
  FakeFs disk;
  disk.put("a", letters('o'));
  const auto directory = must(disk.open_directory("."));
  const auto file = must(directory->open("a", OpenMode::existing));
  must(file->write_at(0, bytes_of(std::string(2 * kPage, 'u'))));
  disk.fail(Op::sync, 1, EIO);
  CHECK(!file->sync());
  must(file->write_at(kPage, bytes_of(std::string(2 * kPage, 'u'))));
  must(file->sync());
  disk.power_cut(0);
  CHECK(picture(disk, "a", 'u') == ".xx.....");
}

TEST_CASE("the k-th operation of a kind fails, once or from then on") {
  for (const Times times : {Times::once, Times::always}) {
    FakeFs disk;
    const auto directory = must(disk.open_directory("."));
    const auto file = write_file(*directory, "a", "");
    disk.fail(Op::write, 2, EDQUOT, times);
    CHECK(file->write_at(0, bytes_of("1")).ok());
    CHECK_FALSE(disk.failed());
    const auto failed = file->write_at(7, bytes_of("1234"));
    REQUIRE(!failed);
    CHECK(disk.failed());
    CHECK(failed.error().cause == Cause::local);
    CHECK(failed.error().message() == "write a at 7: Disk quota exceeded");
    CHECK(must(file->status()).size == 9);  // half of it arrived
    CHECK(file->write_at(0, bytes_of("3")).ok() == (times == Times::once));
    disk.heal();
    CHECK(file->write_at(0, bytes_of("4")).ok());
  }
}

TEST_CASE("every kind of operation can be made to fail") {
  FakeFs disk;
  const auto directory = must(disk.open_directory("."));
  const auto file = write_file(*directory, "a", "text");
  const auto mapping = must(file->map(4));
  const auto run = [&](Op op) -> bool {
    switch (op) {
      case Op::open_directory:
        return disk.open_directory(".").ok();
      case Op::open:
        return directory->open("a", OpenMode::existing).ok();
      case Op::status:
        return file->status().ok();
      case Op::read:
        return file->read_at(0, {}).ok();
      case Op::write:
        return file->write_at(0, {}).ok();
      case Op::reserve:
        return file->reserve(1).ok();
      case Op::resize:
        return file->resize(4).ok();
      case Op::sync:
        return file->sync().ok();
      case Op::set_mode:
        return file->set_mode(0600).ok();
      case Op::lock:
        return file->try_lock().ok();
      case Op::map:
        return file->map(1).ok();
      case Op::map_sync:
        return mapping->sync().ok();
      case Op::rename:
        return directory->rename("a", "a", true).ok();
      case Op::exchange:
        return directory->exchange("a", "a").ok();
      case Op::remove:
        return directory->remove("b").ok();
      default:
        return directory->sync().ok();
    }
  };
  for (auto op = Op::open_directory;; op = static_cast<Op>(static_cast<int>(op) + 1)) {
    CAPTURE(static_cast<int>(op));
    CHECK(run(op));
    disk.fail(op, 1, EIO);
    CHECK_FALSE(run(op));
    CHECK(disk.failed());
    CHECK(run(op));
    if (op == Op::dir_sync) break;
  }
}

TEST_CASE("a full disk writes what fits, and what was reserved always fits") {
  FakeFs disk;
  const auto directory = must(disk.open_directory("."));
  const auto reserved = write_file(*directory, "reserved", "");
  CHECK(must(reserved->reserve(2 * kPage)));
  disk.free_space(3 * kPage);
  const auto file = write_file(*directory, "a", "");
  const auto written = file->write_at(0, bytes_of(std::string(5 * kPage, 'x')));
  REQUIRE(!written);
  CHECK(written.error().reason == "No space left on device");
  CHECK(written.error().offset == 3 * kPage);
  CHECK(must(file->status()).size == 3 * kPage);
  must(reserved->write_at(0, bytes_of(std::string(2 * kPage, 'y'))));
  CHECK(!reserved->write_at(2 * kPage, bytes_of("z")));
  CHECK(!reserved->reserve(3 * kPage));
}

TEST_CASE("a hole of a full disk can't be mapped") {
  FakeFs disk;
  const auto directory = must(disk.open_directory("."));
  const auto file = write_file(*directory, "a", "");
  disk.free_space(kPage);
  must(file->resize(2 * kPage));
  CHECK(!file->map(2 * kPage));
  CHECK(file->map(kPage).ok());
}

TEST_CASE("space comes back with removed files, once nobody has them open, and with lengths cut") {
  FakeFs disk;
  const auto directory = must(disk.open_directory("."));
  disk.free_space(2 * kPage);
  auto file = write_file(*directory, "a", std::string(2 * kPage, 'x'));
  must(directory->remove("a"));
  const auto other = write_file(*directory, "b", "");
  CHECK(!other->write_at(0, bytes_of("y")));
  file.reset();
  must(other->write_at(0, bytes_of(std::string(2 * kPage, 'y'))));
  CHECK(!other->reserve(3 * kPage));
  must(other->resize(kPage));
  must(write_file(*directory, "c", "z")->sync());
  disk.free_space(std::nullopt);
  must(other->write_at(0, bytes_of(letters('y'))));
}

TEST_CASE("operations are listed in order, with the names and ranges they were asked for") {
  FakeFs disk;
  const auto directory = must(disk.open_directory("."));
  const auto file = must(directory->open("a.part", OpenMode::create_new));
  must(file->write_at(5, bytes_of("text")));
  must(file->sync());
  disk.fail(Op::rename, 1, EIO);
  CHECK(!directory->rename("a.part", "a", false));
  must(directory->rename("a.part", "a", false));
  must(directory->sync());
  must(directory->remove("a"));
  CHECK(disk.operations() == Strings{"open-dir .", "create a.part", "write a.part 5+4", "sync a.part",
                                     "rename a.part a failed", "rename a.part a", "sync-dir", "remove a"});
  CHECK(disk.operation_count() == 8);
}

TEST_CASE("a look from outside is no operation, and a flipped byte is flipped for good") {
  FakeFs disk;
  disk.put("a", "text");
  disk.flip_byte("a", 1);
  CHECK(text_of(disk, "a") == std::string("t\x9axt"));
  disk.power_cut(0);
  CHECK(text_of(disk, "a") == std::string("t\x9axt"));
  CHECK(disk.operation_count() == 0);
}

TEST_CASE("what a file system can't do it says") {
  FakeFs disk;
  disk.put("a", "one");
  disk.put("b", "two");
  const auto directory = must(disk.open_directory("."));
  const auto file = must(directory->open("a", OpenMode::existing));
  disk.set_mappable(false);
  disk.set_reservable(false);
  disk.set_exchangeable(false);
  CHECK_FALSE(must(file->mappable()));
  CHECK_FALSE(must(file->reserve(100)));
  CHECK_FALSE(must(directory->exchange("a", "b")));
  CHECK(text_of(disk, "a") == "one");
}

}  // namespace
}  // namespace segdl::test
