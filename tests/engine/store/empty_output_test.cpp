// An empty file that has the output's name: as mktemp makes one, to keep the name for what is to come.
#include "core/base/errors.h"
#include "core/store/layout.h"
#include "engine/store/directory_cache.h"
#include "engine/store/recovery.h"
#include "engine/store/unnamed_file.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace segdl;
using namespace segdl::engine;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kLittle = 5000;  // of one segment
constexpr std::uint64_t kLarge = 300 * 1024;
constexpr std::uint64_t kSizes[] = {0, kLittle, kLarge};

// A world in which the name is kept as mktemp keeps it.
struct Kept : World {
  explicit Kept(std::uint64_t size) {
    script->size(size).seed(1);
    disk.put(kName, {});
    disk.set_access(kName, 0600, 7, 8);
  }
  // Happens while the first response is on its way.
  void meanwhile(std::function<void()> what) {
    script->on_every([what = std::move(what)](Answer&, const Asking& asking) {
      if (asking.number == 1) what();
    });
  }
};

Request with(Existing existing) {
  Request request = World::request();
  request.existing = existing;
  return request;
}

// Publishes a small file over the name; what keeps it from that, if anything.
Result<void> publish_small(DirectoryCache& directories, const std::vector<std::byte>& bytes) {
  auto open = directories.open(".");
  REQUIRE(open.ok());
  auto place = recover(*open, kName, World::request(), {});
  if (!place) return std::move(place).error();
  const auto file = UnnamedFile::create(*place->output_file);
  REQUIRE(*file);
  REQUIRE((*file)->write(bytes).ok());
  return (*file)->give_name(Sync::interval);
}

}  // namespace

TEST_CASE("an empty file gives way to the output, and leaves it its mode and its owner") {
  for (const std::uint64_t size : kSizes) {
    for (const unsigned connections : kConnections) {
      CAPTURE(size);
      CAPTURE(connections);
      Kept world(size);
      const auto report = world.download(World::request(), test::with(connections));
      REQUIRE(report.ok());
      CHECK_FALSE(report->skipped);
      CHECK(report->notes.empty());
      CHECK(world.has(kName, 1, size));
      CHECK(world.disk.mode(kName) == 0600U);
      CHECK(world.disk.owner(kName) == std::pair(7U, 8U));
      CHECK(world.disk.names() == std::vector<std::string>{kName});
    }
  }
}

TEST_CASE("a download over an empty file continues after a death") {
  Kept world(kLarge);
  world.script->stall_at(kLarge / 2, 99);
  REQUIRE_FALSE(world.download(World::request(), test::with(1, 0)).ok());
  world.disk.kill();
  CHECK(world.disk.get(kName)->empty());
  world.serve().size(kLarge).seed(1);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(report->reused > 0);
  CHECK(world.has(kName, 1, kLarge));
  CHECK(world.disk.mode(kName) == 0600U);
}

TEST_CASE("an empty file is replaced whatever its journal proves") {
  World world;
  world.serve().size(kLarge).seed(1);
  world.disk.fail_kind("remove", 1, "Input/output error");  // of the journal
  REQUIRE(world.download().ok());
  world.disk.kill();
  world.disk.put(kName, {});
  world.serve().size(kLarge).seed(1);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(report->fetched == kLarge);
  CHECK(world.has(kName, 1, kLarge));
  CHECK(world.disk.names() == std::vector<std::string>{kName});
}

TEST_CASE("a file that is no longer empty when the output is complete stays as it is") {
  for (const std::uint64_t size : kSizes) {
    for (const bool anew : {true, false}) {
      CAPTURE(size);
      CAPTURE(anew);
      Kept world(size);
      world.meanwhile([&world, anew] {
        if (!anew) world.disk.erase(kName);
        world.disk.put(kName, pattern_bytes(9, 10));
      });
      const auto report = world.download();
      REQUIRE_FALSE(report.ok());
      CHECK(report.error().cause == Cause::exists);
      CHECK(world.has(kName, 9, 10));
      world.disk.erase(kName);  // as that file's owner may
      world.serve().size(size).seed(1);
      const auto again = world.download();
      REQUIRE(again.ok());
      CHECK(again->fetched == (size == kLarge ? 0 : size));
      CHECK(world.has(kName, 1, size));
    }
  }
}

TEST_CASE("an empty file that is gone when the output is complete is not missed") {
  for (const std::uint64_t size : kSizes) {
    Kept world(size);
    world.meanwhile([&world] { world.disk.erase(kName); });
    REQUIRE(world.download().ok());
    CHECK(world.has(kName, 1, size));
    CHECK(world.disk.names() == std::vector<std::string>{kName});
  }
}

TEST_CASE("an empty file that has come meanwhile is in the way as any other") {
  for (const std::uint64_t size : kSizes) {
    World world;
    world.script->size(size).seed(1).on_every([&world](Answer&, const Asking&) { world.disk.put(kName, {}); });
    const auto report = world.download();
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::exists);
    CHECK(world.disk.get(kName)->empty());
  }
}

TEST_CASE("an empty file that another user may have planted stays") {
  Kept world(kLittle);
  world.disk.plant(kName);
  const auto report = world.download();
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::exists);
  CHECK(world.script->log().empty());
}

TEST_CASE("skip: an empty file that is there is done, as any other") {
  Kept world(kLittle);
  const auto report = world.download(with(Existing::skip));
  REQUIRE(report.ok());
  CHECK(report->skipped);
  CHECK(world.disk.get(kName)->empty());
}

TEST_CASE("a link to an empty file is in the way") {
  World world;
  world.script->size(kLittle).seed(1);
  world.disk.put_special(kName, FileKind::symlink);
  const auto report = world.download();
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::exists);
}

TEST_CASE("the data of a download that has just begun is not an empty file that gives way") {
  World world;
  world.script->size(kLittle).seed(1);
  DirectoryCache directories(world.disk, world.clock);
  auto open = directories.open(".");
  REQUIRE(open.ok());
  const auto place = recover(*open, kName, World::request(), {});
  REQUIRE(place.ok());
  REQUIRE(world.disk.get("f.part")->empty());
  Request request = World::request();
  request.output = "f.part";
  const auto report = world.download(request);
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::exists);
  CHECK(world.script->log().empty());
}

TEST_CASE("an empty file that a session has published is in the way of its next download of that name") {
  FakeFs disk;
  FakeClock clock;
  disk.put(kName, {});
  DirectoryCache session(disk, clock);
  REQUIRE(publish_small(session, {}).ok());
  const auto second = publish_small(session, pattern_bytes(2, 10));
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().cause == Cause::exists);
  CHECK(disk.get(kName)->empty());
  DirectoryCache later(disk, clock);
  CHECK(publish_small(later, pattern_bytes(2, 10)).ok());
  CHECK(disk.get(kName) == pattern_bytes(2, 10));
}

TEST_CASE("of two downloads of a session over one empty file the one that comes late finds it taken") {
  FakeFs disk;
  FakeClock clock;
  disk.put(kName, {});
  DirectoryCache session(disk, clock);
  auto open = session.open(".");
  REQUIRE(open.ok());
  auto first = recover(*open, kName, World::request(), {});
  REQUIRE(first.ok());
  const auto second = recover(*open, kName, World::request(), {});
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().cause == Cause::busy);
  JournalIdentity identity;
  identity.resource.total = 0;
  Metadata metadata;
  metadata.stream_complete = true;
  REQUIRE(first->output_file->begin(identity, metadata).ok());
  REQUIRE(first->output_file->publish(false, Sync::interval).ok());
  first = make_error(Cause::busy, "", "", "");  // its lock is given up
  const auto third = recover(*open, kName, World::request(), {});
  REQUIRE_FALSE(third.ok());
  CHECK(third.error().cause == Cause::exists);
}
