// A server that contradicts what an earlier run has kept: who is wrong is not known, and it may go on for ever.
#include "support/hints.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <string>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 40 * 16 * kKiB + 1000;

struct Contradicting {
  const char* how;
  std::string etag;
  std::uint64_t size;
};
const Contradicting kContradicting[] = {
    {"no validator any more, and another size", "", kSize + 5000},
    {"a weak one, and another size", "W/\"v1\"", kSize + 5000},
    {"another size under the same one", "\"v1\"", kSize + 5000},
};

SessionOptions patient(unsigned retries) {
  SessionOptions options;
  options.connections = 1;
  options.retries = retries;
  return options;
}

// A run under a strong validator that is killed with so many segments claimed, and the same request once more.
void get_stuck(World& world, std::uint64_t kept, const Contradicting& now) {
  world.serve().size(kSize).stall_at(kept * 16 * kKiB + 500, 99);
  REQUIRE_FALSE(world.download(World::request(), patient(0)).ok());
  world.disk.kill();
  world.serve().size(now.size).etag(now.etag);
  const auto stuck = world.download(World::request(), patient(1));
  REQUIRE_FALSE(stuck.ok());
  CHECK(stuck.error().cause == Cause::integrity);
  CHECK_FALSE(stuck.error().resumable);
  CHECK(has_hint(stuck.error(), Hint::start_over_if_stuck));
  world.disk.kill();
}

}  // namespace

TEST_CASE("a server that contradicts what is kept is not said to continue, and the way out leads out") {
  for (const Contradicting& now : kContradicting) {
    for (const std::uint64_t kept : {std::uint64_t{0}, std::uint64_t{30}}) {
      CAPTURE(now.how);
      CAPTURE(kept);
      World world;
      get_stuck(world, kept, now);
      world.serve().size(now.size).etag(now.etag);
      Request request = World::request();
      request.resume = false;
      REQUIRE(world.download(request).ok());
      CHECK(world.has("f", 1, now.size));
    }
  }
}

TEST_CASE("what a server has contradicted stays, and is continued once it no longer does") {
  for (const Contradicting& now : kContradicting) {
    CAPTURE(now.how);
    World world;
    get_stuck(world, 30, now);
    world.serve().size(kSize);
    const auto report = world.download();
    REQUIRE(report.ok());
    CHECK(report->reused == 30 * 16 * kKiB);
    CHECK(world.has("f", 1, kSize));
  }
}

TEST_CASE("a server that contradicts itself where something was fetched is asked again by the same command") {
  World world;
  world.serve().size(kSize).stall_at(3 * 16 * kKiB + 500, 99);
  REQUIRE_FALSE(world.download(World::request(), patient(0)).ok());
  world.disk.kill();
  world.serve().size(kSize).stall_at(20 * 16 * kKiB + 500, 1).on_every([](Answer& answer, const Asking& asking) {
    if (asking.number > 1) answer.head.status = 207;
  });
  const auto report = world.download(World::request(), patient(1));
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::integrity);
  CHECK(report.error().resumable);
}
