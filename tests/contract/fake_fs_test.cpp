// The injector itself: FakeFs dies, fails and forgets exactly as scripted.
#include "support/fake_fs.h"

#include "contract/disk_pictures.h"
#include "contract/file_worlds.h"

#include <array>
#include <atomic>
#include <cstring>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

namespace segdl::test {
namespace {

using Strings = std::vector<std::string>;

// Makes a file "b" in four operations. How far it came.
int make_b(FakeFs& disk) {
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
    CAPTURE(k);
    FakeFs disk;
    disk.crash_at(k);
    CHECK(make_b(disk) == static_cast<int>(k) - 1);
    CHECK(disk.fired() == (k < 5));
    disk.kill();
    CHECK_FALSE(disk.fired());
    CHECK(disk.operations() == 0);
    const auto& [names, text] = after[k - 1];
    CHECK(disk.names() == names);
    if (!names.empty()) CHECK(text_of(disk, names[0]) == text);
  }
}

TEST_CASE("after a crash every operation of every old handle fails, even in the next life") {
  FakeFs disk;
  const auto directory = must(disk.open_directory("."));
  auto file = write_file(*directory, "a", "text");
  const auto mapping = must(file->map(4));
  disk.crash_at(disk.operations() + 1);
  const auto crash = file->status();
  REQUIRE(!crash);
  CHECK(crash.error().cause == Cause::internal);
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

TEST_CASE("a torn write leaves its first half, another one nothing") {
  for (const bool torn : {true, false}) {
    FakeFs disk;
    const auto directory = must(disk.open_directory("."));
    const auto file = write_file(*directory, "a", "....");
    disk.crash_at(disk.operations() + 1, torn);
    CHECK(!file->write_at(0, bytes_of("text")));
    disk.kill();
    CHECK(text_of(disk, "a") == (torn ? "te.." : "...."));
  }
}

TEST_CASE("mapped stores made before a crash survive a kill, those made after it are lost") {
  FakeFs disk;
  const auto directory = must(disk.open_directory("."));
  const auto file = write_file(*directory, "a", "....");
  const auto mapping = must(file->map(4));
  mapping->bytes()[0] = std::byte{'1'};
  disk.crash_at(disk.operations() + 1);
  CHECK(!directory->sync());
  mapping->bytes()[1] = std::byte{'2'};
  disk.kill();
  mapping->bytes()[2] = std::byte{'3'};
  CHECK(text_of(disk, "a") == "1...");
}

TEST_CASE("a crash takes a picture of mappings that another thread stores into") {
  FakeFs disk;
  const auto directory = must(disk.open_directory("."));
  const auto file = write_file(*directory, "a", std::string(kPage, '\0'));
  const auto mapping = must(file->map(kPage));
  const std::atomic_ref word(*reinterpret_cast<std::uint64_t*>(mapping->bytes().data()));
  const std::jthread storing([&word](const std::stop_token& stop) {
    while (!stop.stop_requested()) word.fetch_add(1);
  });
  while (word.load() < 1000) std::this_thread::yield();
  disk.crash_at(disk.operations() + 1);
  CHECK(!file->sync());
  const std::uint64_t later = word.load();
  disk.kill();
  std::uint64_t kept = 0;
  std::memcpy(&kept, disk.get("a")->data(), sizeof(kept));
  CHECK(kept >= 1000);
  CHECK(kept <= later);
}

TEST_CASE("a kill frees the locks of the dead, and their handles can't free those of the living") {
  FakeFs disk;
  const auto old_directory = must(disk.open_directory("."));
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

TEST_CASE("a kill keeps everything, synced or not, and the file's identity") {
  FakeFs disk;
  auto directory = must(disk.open_directory("."));
  const FileId id = must(write_file(*directory, "a", letters('u'))->status()).id;
  must(directory->rename("a", "b", false));
  disk.kill();
  CHECK(disk.names() == Strings{"b"});
  CHECK(picture(disk, "b", 'u') == "xxxxxxxx");
  directory = must(disk.open_directory("."));
  CHECK(must(directory->status("b"))->id == id);
}

TEST_CASE("the n-th operation of a kind fails, once or from then on, with the words it was given") {
  for (const bool always : {true, false}) {
    CAPTURE(always);
    FakeFs disk;
    const auto directory = must(disk.open_directory("."));
    const auto file = must(directory->open("a", OpenMode::create));
    disk.fail_kind("write", 2, "Disk quota exceeded", always);
    CHECK(file->write_at(0, bytes_of("1")).ok());
    CHECK_FALSE(disk.fired());
    const auto failed = file->write_at(7, bytes_of("1234"));
    REQUIRE(!failed);
    CHECK(disk.fired());
    CHECK(failed.error().cause == Cause::local);
    CHECK(failed.error().reason == "Disk quota exceeded");
    CHECK(must(file->status()).size == 9);  // half of it arrived
    CHECK(file->write_at(0, bytes_of("3")).ok() == !always);
    CHECK(file->sync().ok());
    disk.kill();
    CHECK(make_b(disk) == 4);
  }
}

TEST_CASE("any k-th operation can be made to fail, and only that one") {
  for (std::uint64_t k = 1; k <= 5; ++k) {
    CAPTURE(k);
    FakeFs disk;
    disk.fail_at(k, "Input/output error");
    CHECK(make_b(disk) == static_cast<int>(k) - 1);
    CHECK(disk.fired() == (k < 5));
    if (k < 5) CHECK(disk.open_directory(".").ok());
  }
}

TEST_CASE("a full disk writes what fits, and what was reserved always fits") {
  FakeFs disk;
  disk.set_capacity(5 * kPage);
  const auto directory = must(disk.open_directory("."));
  const auto reserved = write_file(*directory, "reserved", "");
  CHECK(must(reserved->reserve(2 * kPage)));
  const auto file = write_file(*directory, "a", "");
  const auto written = file->write_at(0, bytes_of(std::string(5 * kPage, 'x')));
  REQUIRE(!written);
  CHECK(written.error().reason == "No space left on device");
  CHECK(written.error().offset == 3 * kPage);
  CHECK(must(file->status()).size == 3 * kPage);
  must(reserved->resize(2 * kPage));
  must(reserved->write_at(0, bytes_of(std::string(2 * kPage, 'y'))));
  CHECK(!reserved->write_at(2 * kPage, bytes_of("z")));
  CHECK(!reserved->reserve(3 * kPage));
}

TEST_CASE("a hole of a full disk can't be mapped") {
  FakeFs disk;
  disk.set_capacity(kPage);
  const auto directory = must(disk.open_directory("."));
  const auto file = write_file(*directory, "a", "");
  must(file->resize(2 * kPage));
  CHECK(!file->map(2 * kPage));
  CHECK(file->map(kPage).ok());
}

TEST_CASE("space comes back with removed files and with lengths cut") {
  FakeFs disk;
  disk.set_capacity(2 * kPage);
  const auto directory = must(disk.open_directory("."));
  write_file(*directory, "a", std::string(2 * kPage, 'x'));
  const auto other = write_file(*directory, "b", "");
  CHECK(!other->write_at(0, bytes_of("y")));
  must(directory->remove("a"));
  must(other->write_at(0, bytes_of(std::string(2 * kPage, 'y'))));
  CHECK(!other->reserve(3 * kPage));
  must(other->resize(kPage));
  write_file(*directory, "c", "z");
}

TEST_CASE("operations are listed in order, with the names and ranges they were asked for") {
  FakeFs disk;
  const auto directory = must(disk.open_directory("."));
  const auto file = must(directory->open("a.part", OpenMode::create_new));
  must(file->write_at(5, bytes_of("text")));
  must(file->sync());
  must(directory->rename("a.part", "a", false));
  must(directory->sync());
  must(directory->remove("a"));
  CHECK(disk.log() == Strings{"open-directory", "open a.part", "write a.part 5+4", "sync a.part", "rename a.part a",
                              "sync-directory", "remove a"});
  CHECK(disk.operations() == 7);
}

TEST_CASE("a look from outside is no operation, and a flipped byte is flipped for good") {
  FakeFs disk;
  disk.put("a", contents("text"));
  disk.flip("a", 1);
  const std::string flipped = text_of(disk, "a");
  CHECK(flipped != "text");
  CHECK(flipped.size() == 4);
  disk.power_cut(0);
  CHECK(text_of(disk, "a") == flipped);
  CHECK(disk.operations() == 0);
}

TEST_CASE("a file system that can't be mapped says so") {
  FakeFs disk;
  const auto directory = must(disk.open_directory("."));
  const auto file = write_file(*directory, "a", "text");
  CHECK(must(file->map(4)) != nullptr);
  disk.set_kind(kNfs);
  CHECK(must(file->map(4)) == nullptr);
}

}  // namespace
}  // namespace segdl::test
