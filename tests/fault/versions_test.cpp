// Without a strong validator a resource may change unseen between two responses. What the disk has of one must never be
// taken for a part of the other, whatever a power cut keeps of either.
#include "core/store/journal_format.h"
#include "support/every.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSegment = 16 * kKiB;
constexpr std::uint64_t kSize = 3 * kSegment;

std::vector<std::byte> resource_before() { return pattern_bytes(1, kSize); }

// As OriginScript makes it of a resource that has changed.
OriginScript& serve_changed(World& world) { return world.serve().size(kSize).no_validator().change_after(0, kSize); }

std::vector<std::byte> resource_after() {
  World world;
  serve_changed(world);
  REQUIRE(world.download().ok());
  return *world.disk.get("f");
}

// Whether the power cut came before the end of a run in which another program changed a byte of what had arrived, and
// the resource was another by the time that it was fetched again.
bool cut_at(std::uint64_t operation, std::uint64_t seed, const std::vector<std::byte>& after) {
  World world;
  world.serve().size(kSize).no_validator().change_after(1, kSize);
  world.disk.meddle("f.part", 2, [](FakeInode& inode) { inode.live[0] ^= std::byte{1}; });
  Request request = World::request();
  request.verify = true;
  world.disk.crash_at(operation);
  const bool done = world.download(request).ok();
  const bool fired = world.disk.fired();
  CHECK((done || fired));
  world.disk.power_cut(seed);
  serve_changed(world);
  const auto rerun = world.download();
  const auto output = world.disk.get("f");
  CHECK((output || (!rerun.ok() && rerun.error().cause == Cause::changed)));
  if (output) CHECK((*output == resource_before() || *output == after));
  return fired;
}

bool only_zeros(const std::vector<std::byte>& bytes, std::uint64_t begin, std::uint64_t end) {
  return std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                     bytes.begin() + static_cast<std::ptrdiff_t>(end), [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

TEST_CASE("a power cut while a changed resource takes the place of a damaged one joins nothing of both") {
  const auto after = resource_after();
  REQUIRE(after != resource_before());
  for (std::uint64_t seed = 1; seed <= 24; seed += every(1)) {
    for (std::uint64_t operation = 1;; ++operation) {
      CAPTURE(operation);
      CAPTURE(seed);
      REQUIRE(operation < 500);
      if (!cut_at(operation, seed * 1000 + operation, after)) break;
    }
  }
}

TEST_CASE("what is given up for another response has neither claim nor proof on disk before that is written") {
  World world;
  SessionOptions once;
  once.retries = 0;
  SUBCASE("behind a hole") {
    world.serve().size(kSize).no_validator().stall_at(2 * kSegment + 1000, 99);
    REQUIRE_FALSE(world.download(World::request(), once).ok());
    world.disk.kill();
    world.disk.flip("f.part", 0);
    world.serve().size(kSize).no_validator().stall_at(1000, 99);
    REQUIRE_FALSE(world.download(World::request(), once).ok());
  }
  SUBCASE("after damage") {
    world.serve().size(kSize).no_validator().on_from(2, [](Answer& answer) { answer.stall_at = 1000; });
    world.disk.meddle("f.part", 2, [](FakeInode& inode) { inode.live[0] ^= std::byte{1}; });
    Request request = World::request();
    request.verify = true;
    REQUIRE_FALSE(world.download(request, once).ok());
  }
  world.disk.power_cut(0);
  const auto journal = world.disk.get("f.segdl");
  REQUIRE(journal);
  const JournalShape shape{3};
  CHECK(only_zeros(*journal, shape.bitmap_at(), shape.bitmap_at() + 8));
  CHECK(only_zeros(*journal, shape.digests_at(), shape.digests_at() + 3 * 8));
}
