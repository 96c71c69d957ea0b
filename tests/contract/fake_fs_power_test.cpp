// What a power cut takes from a FakeFs, and what it must leave.
#include "contract/disk_pictures.h"
#include "contract/file_worlds.h"
#include "support/fake_fs.h"

#include <algorithm>
#include <set>

namespace segdl::test {
namespace {

using Strings = std::vector<std::string>;

TEST_CASE("after a power cut each unsynced page stays or reverts by itself, synced ones always stay") {
  std::set<std::string> pictures;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    FakeFs disk;
    disk.put("a", contents(letters('o')));
    const auto directory = must(disk.open_directory("."));
    const auto file = must(directory->open("a", OpenMode::existing));
    must(file->write_at(0, bytes_of(std::string(3 * kPage, 's'))));
    must(file->sync());
    must(file->write_at(3 * kPage, bytes_of(std::string(5 * kPage, 'u'))));
    disk.power_cut(seed);
    CHECK(picture(disk, "a", 's') == "xxx.....");
    pictures.insert(picture(disk, "a", 'u'));
    if (seed == 0) CHECK(*pictures.begin() == "........");
  }
  CHECK(pictures.size() > 5);
}

TEST_CASE("equal seeds do equal damage") {
  const auto damage = [](std::uint64_t seed) {
    FakeFs disk;
    disk.put("a", contents(letters('o')));
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
      disk.put("a", contents(letters('o')));
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

TEST_CASE("what a life before wrote and did not sync can still be lost to a power cut") {
  FakeFs disk;
  const auto directory = must(disk.open_directory("."));
  write_file(*directory, "a", letters('u'));
  must(directory->sync());
  disk.kill();
  CHECK(picture(disk, "a", 'u') == "xxxxxxxx");
  disk.power_cut(0);
  CHECK(text_of(disk, "a").empty());
}

TEST_CASE("a power cut takes lengths that were not synced, and no byte it leaves is invented") {
  std::set<std::size_t> lengths;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    FakeFs disk;
    disk.put("grown", contents("1234"));
    disk.put("cut", contents("12345678"));
    const auto directory = must(disk.open_directory("."));
    must(must(directory->open("grown", OpenMode::existing))->resize(10'000));
    must(must(directory->open("cut", OpenMode::existing))->resize(4));
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
  disk.put("a", contents(letters('o')));
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
      disk.put("a", contents("text"));
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
    disk.put("old", contents("old"));
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
  disk.put("a", contents(letters('o')));
  const auto directory = must(disk.open_directory("."));
  const auto file = must(directory->open("a", OpenMode::existing));
  must(file->write_at(0, bytes_of(std::string(2 * kPage, 'u'))));
  disk.fail_kind("sync", 1, "Input/output error");
  CHECK(!file->sync());
  must(file->write_at(kPage, bytes_of(std::string(2 * kPage, 'u'))));
  must(file->sync());
  CHECK(picture(disk, "a", 'u') == "xxx.....");
  disk.power_cut(0);
  CHECK(picture(disk, "a", 'u') == ".xx.....");
}

}  // namespace
}  // namespace segdl::test
