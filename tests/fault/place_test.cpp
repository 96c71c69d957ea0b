// The recovery table of doc/journal.md, a test for each row.
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 4 * 16 * kKiB + 100;
const std::vector<std::string> kJustOutput{"f"};

void leave_half(World& world) {
  world.serve().size(kSize).stall_at(2 * 16 * kKiB + 1000, 99);
  SessionOptions once;
  once.retries = 0;
  REQUIRE_FALSE(world.download(World::request(), once).ok());
  world.disk.kill();
  world.serve().size(kSize);
}

// As a death between the rename and the removal of the journal leaves it.
void leave_published(World& world) {
  world.serve().size(kSize);
  world.disk.fail_kind("remove", 1, "Input/output error");
  REQUIRE_FALSE(world.download().ok());
  world.disk.kill();
  REQUIRE(world.disk.names() == std::vector<std::string>{"f", "f.segdl"});
  world.serve().size(kSize);
}

Request overwriting() {
  Request request = World::request();
  request.overwrite = true;
  return request;
}

void check_untouched(World& world, const std::string& name, const std::vector<std::byte>& bytes) {
  const auto report = world.download();
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::exists);
  CHECK(world.disk.get(name) == bytes);
  CHECK(world.script->log().empty());
}

}  // namespace

TEST_CASE("-, empty, -: died before the journal was there; ours") {
  World world;
  world.serve().size(kSize);
  world.disk.put("f.part", {});
  REQUIRE(world.download().ok());
  CHECK(world.has("f", 1, kSize));
}

TEST_CASE("-, not empty, -: foreign, untouched; replaced on request") {
  World world;
  world.serve().size(kSize);
  const auto foreign = pattern_bytes(9, 100);
  world.disk.put("f.part", foreign);
  check_untouched(world, "f.part", foreign);
  REQUIRE(world.download(overwriting()).ok());
  CHECK(world.has("f", 1, kSize));
  CHECK(world.disk.names() == kJustOutput);
}

TEST_CASE("-, yes, valid: interrupted; resumed") {
  World world;
  leave_half(world);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(report->reused == 2 * 16 * kKiB);
}

TEST_CASE("-, yes, damaged: starts over and says so") {
  World world;
  leave_half(world);
  auto journal = *world.disk.get("f.segdl");
  for (const std::size_t at : {std::size_t{100}, journal.size() - 4000}) journal[at] ^= std::byte{1};
  world.disk.put("f.segdl", journal);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(report->reused == 0);
  REQUIRE(report->notes.size() == 1);
  CHECK(report->notes[0].find("damaged") != std::string::npos);
  CHECK(world.disk.names() == kJustOutput);
}

TEST_CASE("-, yes, one torn identity block: the other one serves") {
  World world;
  leave_half(world);
  world.disk.flip("f.segdl", 100);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(report->reused == 2 * 16 * kKiB);
}

TEST_CASE("-, yes, somebody else's file under the journal's name: untouched") {
  World world;
  world.serve().size(kSize);
  const auto foreign = pattern_bytes(9, 10'000);
  world.disk.put("f.segdl", foreign);
  check_untouched(world, "f.segdl", foreign);
  CHECK(world.disk.names() == std::vector<std::string>{"f.segdl"});
}

TEST_CASE("-, -, yes: the data was deleted; starts over") {
  World world;
  leave_half(world);
  world.disk.erase("f.part");
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(report->reused == 0);
  CHECK(world.has("f", 1, kSize));
}

TEST_CASE("published, -, yes: finished without a request") {
  World world;
  leave_published(world);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(world.script->log().empty());
  CHECK(world.disk.names() == kJustOutput);
}

TEST_CASE("the same bytes, -, yes: finished, whichever file they are in") {
  World world;
  leave_published(world);
  world.disk.put("f", pattern_bytes(1, kSize));
  REQUIRE(world.download().ok());
  CHECK(world.disk.names() == kJustOutput);
}

TEST_CASE("other bytes, -, yes: foreign, untouched") {
  World world;
  leave_published(world);
  world.disk.flip("f", 50'000);
  check_untouched(world, "f", *world.disk.get("f"));
  CHECK(world.disk.get("f.segdl").has_value());
}

TEST_CASE("yes, yes, yes: refused without overwrite, resumed with it") {
  World world;
  leave_half(world);
  world.disk.put("f", pattern_bytes(9, 10));
  const auto refused = world.download();
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().cause == Cause::exists);
  const auto report = world.download(overwriting());
  REQUIRE(report.ok());
  CHECK(report->reused == 2 * 16 * kKiB);
  CHECK(world.has("f", 1, kSize));
}

TEST_CASE("yes, -, -: exists, untouched; replaced on request") {
  World world;
  world.serve().size(kSize);
  world.disk.put("f", pattern_bytes(9, 10));
  check_untouched(world, "f", pattern_bytes(9, 10));
  CHECK(world.disk.names() == kJustOutput);
  REQUIRE(world.download(overwriting()).ok());
  CHECK(world.has("f", 1, kSize));
}

TEST_CASE("an output that appears during the download is not replaced") {
  World world;
  world.serve().size(kSize).on_every([&world](Answer&, const Asking&) { world.disk.put("f", pattern_bytes(9, 10)); });
  const auto report = world.download();
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::exists);
  CHECK(world.has("f", 9, 10));
}

TEST_CASE("starting over by option sets the old work aside first") {
  World world;
  leave_half(world);
  Request request = World::request();
  request.resume = false;
  const auto report = world.download(request);
  REQUIRE(report.ok());
  CHECK(report->reused == 0);
  CHECK(report->fetched == kSize);
  CHECK(world.disk.names() == kJustOutput);
}

TEST_CASE("another URL continues only under the same strong validator and the same bytes") {
  World world;
  leave_half(world);
  Request request = World::request();
  request.url = "http://mirror.test/elsewhere";
  SUBCASE("the same") {
    const auto report = world.download(request);
    REQUIRE(report.ok());
    CHECK(report->reused == 2 * 16 * kKiB);
    CHECK(report->wasted == 2 * 16 * kKiB);  // two samples, since two segments were claimed
  }
  SUBCASE("the same validator over other bytes") {
    world.serve().size(kSize).seed(2);
    const auto report = world.download(request);
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::changed);
    CHECK(world.absent("f"));
  }
}

TEST_CASE("a download that another one works on is busy, and unharmed") {
  World world;
  leave_half(world);
  auto directory = world.disk.open_directory(".");
  REQUIRE(directory.ok());
  auto other = (*directory)->open("f.part", OpenMode::existing);
  REQUIRE(other.ok());
  REQUIRE(*(*other)->try_lock());
  const auto part = world.disk.get("f.part");
  const auto report = world.download();
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::busy);
  CHECK(world.disk.get("f.part") == part);
  CHECK(world.script->log().empty());
}
