// Files that other tools have left: what of them is taken, and that nothing of them is published that the checksum does
// not vouch for.
#include "engine/store/journal/proof.h"
#include "engine/task/adopt_scene.h"

#include <algorithm>
#include <functional>
#include <string>

using namespace segdl;
using namespace segdl::test;

TEST_CASE("what another tool has left is not fetched, in whole segments, and its file stays as it is") {
  each([](Naming naming, unsigned connections) {
    World world;
    leave(world);
    serve(world, naming);
    const auto report = world.download(adopting(), with(connections));
    REQUIRE(report.ok());
    CHECK(report->reused == kWhole);
    CHECK(report->fetched - report->wasted == kSize - kWhole);
    CHECK(report->verified_to == VerifiedTo::digest);
    CHECK(noted(*report, "adopted 786432 bytes of f.crdownload"));
    CHECK(world.has("f", 1, kSize));
    CHECK(world.has(kFile, 1, kLeft));
    CHECK(world.disk.names() == std::vector<std::string>{"f", kFile});
  });
}

TEST_CASE("a file that is whole, or longer, gives all of it") {
  each([](Naming naming, unsigned connections) {
    for (const std::uint64_t size : {kSize, kSize + 100'000}) {
      World world;
      leave(world, size);
      serve(world, naming);
      const auto report = world.download(adopting(), with(connections));
      REQUIRE(report.ok());
      CHECK(report->reused == kSize);
      CHECK(report->fetched == report->wasted);
      CHECK(world.has("f", 1, kSize));
    }
  });
}

TEST_CASE("what is of another version, in whole or in part, is given up and fetched in the same run") {
  each([](Naming naming, unsigned connections) {
    for (const std::uint64_t same : {std::uint64_t{0}, kUnit}) {
      World world;
      auto bytes = pattern_bytes(2, kLeft);
      fill_pattern(std::span(bytes).first(same), 1, 0);
      world.disk.put(kFile, bytes);
      serve(world, naming);
      const auto report = world.download(adopting(), with(connections));
      REQUIRE(report.ok());
      CHECK(report->revoked == kWhole);
      CHECK(report->reused == 0);
      CHECK(report->fetched - report->wasted == kSize);
      CHECK(noted(*report, "does not have this checksum"));
      CHECK(world.has("f", 1, kSize));
      CHECK(world.disk.get(kFile) == bytes);
    }
  });
}

TEST_CASE("what a tool that fetches in several places has written is taken, and its gaps are fetched") {
  each([](Naming naming, unsigned connections) {
    World world;
    leave(world, kSize);
    // Three parts, each begun in the middle of a segment and broken off in one; the second ends with a page.
    world.disk.punch(kFile, kUnit + 3 * 4096, 2 * kUnit);
    world.disk.punch(kFile, 3 * kUnit - 4096, 4 * kUnit + 4096);
    serve(world, naming);
    const auto report = world.download(adopting(), with(connections));
    REQUIRE(report.ok());
    CHECK(report->revoked == 0);
    CHECK(report->reused == kSize - (kUnit + 2 * kSegment) - (kUnit + kSegment) + kSegment);
    CHECK(world.has("f", 1, kSize));
  });
}

TEST_CASE("a part that ends a few bytes before its segment does is not taken for whole") {
  for (const std::uint64_t missing : {16U, 100U, 4095U}) {
    CAPTURE(missing);
    World world;
    leave(world, kSize);
    world.disk.punch(kFile, kUnit, 2 * kUnit);
    auto bytes = *world.disk.get(kFile);
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(kUnit - missing), missing, std::byte{0});
    world.disk.put(kFile, bytes);
    world.disk.punch(kFile, kUnit, 2 * kUnit);
    serve(world, Naming::strong);
    const auto report = world.download(adopting());
    REQUIRE(report.ok());
    CHECK(report->revoked == 0);
    CHECK(report->reused == kSize - kUnit - kSegment);
    CHECK(world.has("f", 1, kSize));
  }
}

TEST_CASE("zeros that a tool has written in advance are fetched, and what it has written is not") {
  each([](Naming naming, unsigned connections) {
    for (const std::uint64_t seed : {1U, 2U}) {
      World world;
      auto bytes = pattern_bytes(seed, kSize);
      std::fill(bytes.begin() + kLeft, bytes.end(), std::byte{0});
      world.disk.put(kFile, bytes);
      serve(world, naming);
      const auto report = world.download(adopting(), with(connections));
      REQUIRE(report.ok());
      CHECK(report->reused == (seed == 1 ? kWhole : 0));
      CHECK(report->total == report->fetched + report->reused - report->wasted);
      CHECK(world.has("f", 1, kSize));
    }
  });
}

TEST_CASE(
    "a checksum that is wrong is told after what was adopted has been fetched, and the right one fetches nothing") {
  each([](Naming naming, unsigned connections) {
    World world;
    leave(world);
    serve(world, naming);
    const auto failed = world.download(adopting(kFile, 3), with(connections));
    REQUIRE_FALSE(failed.ok());
    CHECK(failed.error().cause == Cause::integrity);
    CHECK(world.absent("f"));
    serve(world, naming);
    const auto report = world.download(adopting(), with(connections));
    REQUIRE(report.ok());
    CHECK(report->fetched == 0);
    CHECK(world.has("f", 1, kSize));
  });
}

TEST_CASE("a resume goes on with what was adopted, whether the file is named again or not") {
  each([](Naming naming, unsigned connections) {
    for (const bool named : {true, false}) {
      World world;
      leave(world);
      interrupt(world, naming, adopting(), connections);
      Request request = adopting();
      if (!named) request.adopt.clear();
      serve(world, naming);
      const auto report = world.download(request, with(connections));
      REQUIRE(report.ok());
      CHECK(report->reused >= kWhole);
      CHECK(report->fetched - report->wasted == kSize - report->reused);
      CHECK(world.has("f", 1, kSize));
    }
  });
}

TEST_CASE("what was adopted from another version is found by a later run too") {
  each([](Naming naming, unsigned connections) {
    for (const bool named : {true, false}) {
      World world;
      leave(world, kLeft, 2);
      interrupt(world, naming, adopting(), connections);
      Request request = adopting();
      if (!named) request.adopt.clear();
      serve(world, naming);
      const auto report = world.download(request, with(connections));
      REQUIRE(report.ok());
      CHECK(report->revoked >= kWhole);
      CHECK(world.has("f", 1, kSize));
    }
  });
}

TEST_CASE("what is changed time and again ends it, also after what was adopted was given up") {
  World world;
  leave(world, kSize, 2);
  serve(world, Naming::strong);
  constexpr std::uint64_t kSegments = kSize / kSegment + 1;
  std::uint64_t times = 0;
  std::function<void(FakeInode&)> change = [&](FakeInode& inode) {
    ++times;
    const bool is_repair = times != engine::kMaxRepairs + 2;  // the last one allowed leaves what was adopted to blame
    if (is_repair) inode.live[3 * kSegment + 9] ^= std::byte{1};
    if (times < 30) world.disk.meddle_again("f.part", times == engine::kMaxRepairs + 2 ? kSegments : 1, change);
  };
  world.disk.meddle("f.part", kSegments, change);
  const auto report = world.download(adopting(), with(1));
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::integrity);
  CHECK(times < 30);
  CHECK(world.absent("f"));
}

TEST_CASE("a run without a checksum gives up what was adopted") {
  each([](Naming naming, unsigned connections) {
    for (const std::uint64_t seed : {1U, 2U}) {
      World world;
      leave(world, kLeft, seed);
      interrupt(world, naming, adopting(), connections);
      serve(world, naming);
      const auto report = world.download(World::request(), with(connections));
      REQUIRE(report.ok());
      CHECK(report->fetched >= kWhole);
      CHECK(noted(*report, "nothing vouches for what was adopted"));
      CHECK(world.has("f", 1, kSize));
    }
  });
}

TEST_CASE("what was adopted is compared with the source where the journal has lost that it was") {
  each([](Naming naming, unsigned connections) {
    for (const bool wrong : {false, true}) {
      World world;
      leave(world);
      if (wrong) world.disk.flip(kFile, 5 * kSegment + 7);  // which three samples do not find
      interrupt(world, naming, adopting(), connections);
      world.disk.flip("f.segdl", 4096 + 60);  // its facts
      serve(world, naming);
      const auto report = world.download(World::request(), with(connections));
      CHECK((report.ok() ? world.has("f", 1, kSize) : world.absent("f")));
      if (!wrong) REQUIRE(report.ok());
      if (!wrong) CHECK(report->reused >= kWhole);
    }
  });
}

TEST_CASE("what was all adopted is not taken for the server's version without its checksum") {
  for (const bool update : {true, false}) {
    World world;
    leave(world, kSize, 2);
    serve(world, Naming::strong);
    world.disk.fail_kind("rename", 2, "Input/output error");  // the first one names the journal
    REQUIRE_FALSE(world.download(adopting(kFile, 2)).ok());
    world.disk.kill();
    REQUIRE(world.absent("f"));
    if (update) world.disk.put("f", pattern_bytes(4, 1000));
    Request request = World::request();
    if (update) request.existing = Existing::update;
    serve(world, Naming::strong);
    REQUIRE(world.download(request).ok());
    CHECK(world.has("f", 1, kSize));
  }
}

TEST_CASE("a file that was adopted is known as published where its journal stays beside it") {
  World world;
  leave(world);
  serve(world, Naming::strong);
  world.disk.fail_kind("remove", 1, "Input/output error");  // of the journal
  REQUIRE(world.download(adopting()).ok());
  world.disk.kill();
  REQUIRE(world.has("f", 1, kSize));
  REQUIRE_FALSE(world.absent("f.segdl"));
  serve(world, Naming::strong);
  const auto report = world.download(World::request());
  REQUIRE(report.ok());
  CHECK(noted(*report, "it had arrived whole before"));
  CHECK(world.script->log().empty());
  CHECK(world.absent("f.segdl"));
}

TEST_CASE("the validator of a version is not kept with a file that was adopted") {
  World world;
  leave(world, kSize, 2);
  serve(world, Naming::strong);
  REQUIRE(world.download(adopting(kFile, 2)).ok());
  REQUIRE(world.has("f", 2, kSize));
  Request request = World::request();
  request.existing = Existing::update;
  serve(world, Naming::strong);
  const auto report = world.download(request);
  REQUIRE(report.ok());
  CHECK_FALSE(report->unchanged);
  CHECK(world.has("f", 1, kSize));
}

TEST_CASE("a download that was begun without the file goes on without it, and can start over with it") {
  World world;
  leave(world);
  Request before = World::request();
  before.checksum = checksum_of(1);
  interrupt(world, Naming::strong, before, 1);
  SUBCASE("goes on") {
    serve(world, Naming::strong);
    const auto report = world.download(adopting());
    REQUIRE(report.ok());
    CHECK(noted(*report, "is adopted: what is here was begun without it"));
    CHECK(report->hints == Hints{Hint::start_over});
  }
  SUBCASE("starts over") {
    Request request = adopting();
    request.resume = false;
    serve(world, Naming::strong);
    const auto report = world.download(request);
    REQUIRE(report.ok());
    CHECK(report->reused == kWhole);
  }
  CHECK(world.has("f", 1, kSize));
  CHECK(world.has(kFile, 1, kLeft));
}
