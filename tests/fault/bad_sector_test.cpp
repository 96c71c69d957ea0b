// Sectors that can't be read. Under a claim the proof fails; under the journal it is damaged; where the disk refuses
// writes too, it is an error with a hint.
// Any other error of a read costs the run, and no claim.
#include "core/store/journal_format.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSegment = 16 * kKiB;
constexpr std::uint64_t kSize = 4 * kSegment + 100;
constexpr std::uint64_t kBlock = 4096;
constexpr std::uint64_t kMetadata = kBlock;
constexpr std::uint64_t kBitmap = 2 * kBlock;
constexpr std::uint64_t kProofs = 3 * kBlock;
const std::uint64_t kCopy = JournalShape{5}.copy_at();

// Two segments claimed.
void leave_half(World& world, const FakeKind& kind) {
  world.disk.set_kind(kind);
  world.serve().size(kSize).stall_at(2 * kSegment + 1000, 99);
  SessionOptions once;
  once.retries = 0;
  REQUIRE_FALSE(world.download(World::request(), once).ok());
  world.disk.kill();
  world.serve().size(kSize);
}

void spoil_journal(World& world, std::uint64_t block, bool for_good = false) {
  world.disk.make_unreadable("f.segdl", {block + 512, block + 1024, for_good});
}

Report must_end_well(World& world) {
  const auto report = world.download();
  if (!report.ok()) FAIL(report.error().message());
  CHECK(world.has("f", 1, kSize));
  CHECK(world.disk.names() == std::vector<std::string>{"f"});
  return *report;
}

}  // namespace

TEST_CASE("a claimed segment that can't be read is fetched again, and no other") {
  World world;
  leave_half(world, kExt4);
  world.disk.make_unreadable("f.part", {kSegment + 4096, kSegment + 4608});
  const Report report = must_end_well(world);
  CHECK(report.revoked == kSegment);
  CHECK(report.fetched == kSize - kSegment);
}

TEST_CASE("a journal with a block that can't be read is used without it, by a mapping or by writes") {
  for (const FakeKind& kind : {kExt4, kNfs}) {
    CAPTURE(std::string(kind.name));
    for (const std::uint64_t block : {std::uint64_t{0}, kMetadata, kBitmap, kProofs, kCopy}) {
      CAPTURE(block);
      World world;
      leave_half(world, kind);
      spoil_journal(world, block);
      const Report report = must_end_well(world);
      const bool lost = block == kBitmap || block == kProofs;
      CHECK(report.fetched == (lost ? kSize : kSize - 2 * kSegment) + (block == kMetadata ? report.wasted : 0));
    }
  }
}

TEST_CASE(
    "a journal of which no identity can be read, or that takes nothing there, is damaged: starts over, and says so") {
  World world;
  leave_half(world, kExt4);
  SUBCASE("both identities") {
    spoil_journal(world, 0);
    spoil_journal(world, kCopy);
  }
  SUBCASE("a block that can't be written either") { spoil_journal(world, kBitmap, true); }
  const Report report = must_end_well(world);
  CHECK(report.reused == 0);
  REQUIRE(report.notes.size() == 1);
  CHECK(report.notes[0].find("is damaged") != std::string::npos);
}

TEST_CASE("somebody else's file of the journal's name stays, though a part of it can't be read") {
  World world;
  world.serve().size(kSize);
  world.disk.put("f.segdl", pattern_bytes(9, 20'000));
  spoil_journal(world, 0);
  const auto report = world.download();
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::exists);
  CHECK(world.disk.names() == std::vector<std::string>{"f.segdl"});
}

TEST_CASE("data that the disk takes no more is an error, and ends well elsewhere on the disk") {
  World world;
  leave_half(world, kExt4);
  world.disk.make_unreadable("f.part", {kSegment + 4096, kSegment + 4608, true});
  for (int again = 0; again < 2; ++again) {
    const auto report = world.download();
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::local);
    CHECK(report.error().remedy == Remedy::stop);
    CHECK(report.error().operation == "write");
    world.disk.kill();
  }
  Request elsewhere = World::request();
  elsewhere.resume = false;  // sets the data aside, and takes another file
  REQUIRE(world.download(elsewhere).ok());
  CHECK(world.has("f", 1, kSize));
  CHECK(world.disk.names() == std::vector<std::string>{"f"});
}

TEST_CASE("a published file that can't be read is not taken for what its journal proves") {
  World world;
  world.serve().size(kSize);
  world.disk.fail_kind("remove", 1, "Input/output error");
  REQUIRE(world.download().ok());
  world.disk.kill();
  world.disk.make_unreadable("f", {0, 512});
  world.serve().size(kSize);
  const auto report = world.download();
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::exists);
  CHECK(describe(report.error().hints).find("f.segdl") != std::string::npos);
}

namespace {

// What is there to be read, and whether all of it is read to be sure.
struct Reading {
  const char* name;
  const FakeKind* kind;
  void (*before)(World&);
  bool ranges = true;
  bool strong = true;
  bool verify = false;

  void serve(World& world) const {
    world.serve().size(kSize);
    if (!ranges) world.script->no_ranges();
    if (!strong) world.script->no_validator();
  }
  Request request() const {
    Request request = World::request();
    request.verify = verify;
    return request;
  }
};

void interrupted(World& world) {
  world.script->stall_at(2 * kSegment + 1000, 99);
  REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
}

void published(World& world) {
  world.disk.fail_kind("remove", 1, "Input/output error");
  REQUIRE(world.download().ok());
}

// Whether there was an n-th read to fail.
bool keeps_all(const Reading& reading, std::uint64_t nth) {
  World world;
  world.disk.set_kind(*reading.kind);
  reading.serve(world);
  reading.before(world);
  world.disk.kill();
  reading.serve(world);
  world.disk.fail_kind("read", nth, "Cannot allocate memory");
  const auto report = world.download(reading.request());
  const bool fired = world.disk.fired();
  if (report.ok()) CHECK(report->revoked == 0);
  if (!report.ok()) CHECK(report.error().cause == Cause::local);
  world.disk.kill();
  if (!fired || world.disk.names() == std::vector<std::string>{"f"}) return fired;
  reading.serve(world);
  const auto rerun = world.download(reading.request());
  if (!rerun.ok()) MESSAGE(rerun.error().message());
  REQUIRE(rerun.ok());
  CHECK(rerun->revoked == 0);
  CHECK(world.has("f", 1, kSize));
  CHECK(world.disk.names() == std::vector<std::string>{"f"});
  return true;
}

}  // namespace

TEST_CASE("a read that fails for a reason that may pass costs the run, and no claim") {
  const Reading readings[] = {
      {"resume", &kExt4, interrupted},
      {"resume, verified", &kExt4, interrupted, true, true, true},
      {"resume with a written journal", &kNfs, interrupted},
      {"resume without a strong validator", &kNfs, interrupted, true, false},
      {"stream, verified", &kNfs, interrupted, false, true, true},
      {"published", &kExt4, published},
      {"published, with a written journal", &kNfs, published},
      {"published stream", &kNfs, published, false},
  };
  for (const Reading& reading : readings) {
    CAPTURE(reading.name);
    for (std::uint64_t nth = 1; keeps_all(reading, nth); ++nth) REQUIRE(nth < 200);
  }
}

TEST_CASE("a small file that can't be read back for a reason that may pass is not called changed") {
  World world;
  world.serve().size(10'000);
  world.disk.fail_kind("read", 1, "Cannot allocate memory", true);
  Request request = World::request();
  request.verify = true;
  const auto report = world.download(request);
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::local);
  CHECK(world.disk.names().empty());
}
