// The directory that many downloads go to: opened and read once, and never believed about what is there.
#include "engine/store/directory_cache.h"
#include "engine/store/recovery.h"
#include "engine/store/unnamed_file.h"
#include "support/fake_clock.h"
#include "support/fake_fs.h"
#include "support/pattern.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace segdl;
using namespace segdl::engine;
using namespace segdl::test;
using namespace std::chrono_literals;

namespace {

struct Scene {
  FakeFs disk;
  FakeClock clock;
  DirectoryCache directories{disk, clock};
  std::vector<std::shared_ptr<OpenDirectory>> downloads;  // under way

  std::shared_ptr<OpenDirectory> open(const std::string& path = ".") {
    auto opened = directories.open(path);
    REQUIRE(opened.ok());
    downloads.push_back(*opened);
    return *opened;
  }
  // So many that the names are read.
  std::shared_ptr<OpenDirectory> open_often() {
    for (int i = 0; i < 100; ++i) open();
    return downloads.back();
  }
  Result<Recovered> place(const std::string& name, const Request& request = {}) {
    return recover(downloads.back(), name, request, {});
  }
  long listings() const {
    const auto log = disk.log();
    return std::count(log.begin(), log.end(), "list");
  }
  long looks(const std::string& name) const {
    const auto log = disk.log();
    return std::count(log.begin(), log.end(), "status " + name);
  }
};

// Two of the names that a small file has for a moment.
constexpr const char* kSmall = "f.segdl-0123456789abcdef";
constexpr const char* kOtherSmall = "g.segdl-fedcba9876543210";

JournalIdentity identity() {
  JournalIdentity identity;
  identity.lay_out(Layout(100, 16 * kKiB));
  return identity;
}

}  // namespace

TEST_CASE("downloads that begin together share a directory, others open it anew") {
  Scene scene;
  const auto first = scene.open();
  CHECK(scene.open() == first);
  CHECK(scene.open("elsewhere") != first);
  const auto second = scene.open();
  CHECK(second != first);
  scene.clock.advance(1s);
  CHECK(scene.open() != second);
}

TEST_CASE("a directory is closed with the last download that goes there") {
  Scene scene;
  const std::weak_ptr<OpenDirectory> watched = scene.open();
  CHECK_FALSE(watched.expired());
  scene.downloads.clear();
  CHECK(watched.expired());
}

TEST_CASE("the names are read once, for many downloads only") {
  Scene scene;
  scene.disk.put("old", {});
  const auto few = scene.open();
  CHECK_FALSE(few->lacked("new"));
  CHECK(scene.listings() == 0);
  const auto many = scene.open_often();
  CHECK(many->lacked("new"));
  CHECK_FALSE(many->lacked("old"));
  CHECK(scene.listings() == 1);
}

TEST_CASE("names that can't be read are looked up one by one") {
  Scene scene;
  scene.disk.fail_kind("list", 1, "Input/output error");
  CHECK_FALSE(scene.open_often()->lacked("new"));
  CHECK(scene.place("new").ok());
}

TEST_CASE("a fresh place is taken without looking for its names, and one that is not is found") {
  Scene scene;
  scene.disk.put("old", pattern_bytes(1, 10));
  scene.open_often();
  auto fresh = scene.place("new");
  REQUIRE(fresh.ok());
  CHECK(fresh->output_file->state() == OutputFile::State::fresh);
  CHECK(scene.looks("new") + scene.looks("new.segdl") + scene.looks("new.segdl.old") == 0);
  const auto old = scene.place("old");
  REQUIRE_FALSE(old.ok());
  CHECK(old.error().cause == Cause::exists);
  CHECK(scene.disk.names() == std::vector<std::string>{"new.part", "old"});
}

TEST_CASE("what has come since the names were read is neither replaced nor taken for ours") {
  Scene scene;
  scene.open_often();
  SUBCASE("a data file") {
    scene.disk.put("f.part", pattern_bytes(1, 10));
    const auto place = scene.place("f");
    REQUIRE_FALSE(place.ok());
    CHECK(place.error().cause == Cause::exists);
    CHECK(scene.disk.get("f.part") == pattern_bytes(1, 10));
  }
  SUBCASE("an output, beside a small resource") {
    scene.disk.put("f", pattern_bytes(1, 10));
    auto place = scene.place("f");
    REQUIRE(place.ok());
    const auto file = UnnamedFile::create(*place->output_file);
    REQUIRE(*file);
    REQUIRE((*file)->write(pattern_bytes(2, 20)).ok());
    const auto named = (*file)->give_name(Sync::interval);
    REQUIRE_FALSE(named.ok());
    CHECK(named.error().cause == Cause::exists);
    CHECK(scene.disk.get("f") == pattern_bytes(1, 10));
    CHECK(scene.disk.names() == std::vector<std::string>{"f"});
  }
  for (const std::string name : {"f", "f.segdl", "f.segdl.old"}) {
    SUBCASE(("beside a large resource: " + name).c_str()) {
      scene.disk.put(name, pattern_bytes(1, 10));
      auto place = scene.place("f");
      REQUIRE(place.ok());
      const auto begun = place->output_file->begin(identity(), {});
      REQUIRE_FALSE(begun.ok());
      CHECK(begun.error().cause == Cause::exists);
      place->output_file->leave();
      CHECK(scene.disk.get(name) == pattern_bytes(1, 10));
      CHECK(scene.disk.names() == std::vector<std::string>{name});
    }
  }
}

TEST_CASE("who may overwrite looks at what is there") {
  Scene scene;
  scene.open_often();
  scene.disk.put("f", pattern_bytes(1, 10));
  Request request;
  request.existing = Existing::replace;
  auto place = scene.place("f", request);
  REQUIRE(place.ok());
  CHECK(place->output_file->begin(identity(), {}).ok());
}

TEST_CASE("a place locked by another is busy, known names or not") {
  Scene scene;
  scene.open_often();
  const auto held = scene.place("f");
  REQUIRE(held.ok());
  const auto second = scene.place("f");
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().cause == Cause::busy);
}

TEST_CASE("threads that open it together agree on what it lacked") {
  Scene scene;
  scene.disk.put("old", {});
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      std::shared_ptr<OpenDirectory> kept;
      for (int k = 0; k < 200; ++k) {
        auto opened = scene.directories.open(".");
        if (!opened || (*opened)->lacked("old")) ++wrong;
        if (opened) kept = std::move(*opened);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("a directory is read once for what deaths have left of small files in it") {
  Scene scene;
  for (const char* name : {kSmall, kOtherSmall, "f", "g", "h.segdl-0123456789abcdeg", "segdl-0123456789abcdef"}) {
    scene.disk.put(name, pattern_bytes(1, 10));
  }
  for (const char* name : {"f.part", "g.part"}) scene.disk.put(name, {});
  auto names = scene.open()->small_names();
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>{kSmall, kOtherSmall});
  for (const char* name : {"f", "g"}) CHECK_FALSE(scene.place(name).ok());
  CHECK(scene.listings() == 1);
}
