// The same loops for downloads that expect a digest: when it is wrong, and a death comes before, while or after the
// claims are given up.
#include "seams/digest.h"
#include "support/every.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 4 * 16 * kKiB + 100;

Request expecting() {
  auto digest = make_digest(Algorithm::sha256);
  REQUIRE(digest.ok());
  (*digest)->update(pattern_bytes(1, kSize));
  Request request = World::request();
  request.checksum = Checksum{Algorithm::sha256, (*digest)->value()};
  return request;
}

void check_output(const World& world) {
  const auto output = world.disk.get("f");
  if (output) CHECK(is_pattern(*output, 1, kSize));
}

// Whatever a death left, the same request comes to the right end, after at most one more refusal.
void check_after(World& world) {
  check_output(world);
  const bool complete = world.disk.names() == std::vector<std::string>{"f"};
  world.serve().size(kSize);
  auto rerun = world.download(expecting());
  if (!rerun.ok() && rerun.error().cause == Cause::integrity) {
    check_output(world);
    rerun = world.download(expecting());
  }
  CHECK((rerun.ok() || (complete && rerun.error().cause == Cause::exists)));
  CHECK(world.has("f", 1, kSize));
  CHECK(world.disk.names() == std::vector<std::string>{"f"});
}

}  // namespace

TEST_CASE("a death at any operation of a download with a checksum leaves nothing that is stuck") {
  for (const bool wrong : {false, true}) {
    for (const bool power : {false, true}) {
      CAPTURE(wrong);
      CAPTURE(power);
      bool fired = true;
      for (std::uint64_t k = 1; fired; ++k) {
        CAPTURE(k);
        REQUIRE(k < 2000);
        World world;
        world.serve().size(kSize).flip_at(kSize / 2, wrong ? OriginScript::kAlways : 0);
        world.disk.crash_at(k);
        const auto report = world.download(expecting());
        fired = world.disk.fired();
        if (wrong) CHECK_FALSE(report.ok());
        if (power) {
          world.disk.power_cut(k);
        } else {
          world.disk.kill();
        }
        check_after(world);
      }
    }
  }
}

TEST_CASE("claims that a wrong digest took away do not come back with the power") {
  World world;
  world.serve().size(kSize).flip_at(kSize / 2, 1);
  const auto wrong = world.download(expecting());
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().cause == Cause::integrity);
  world.disk.power_cut(0);
  world.serve().size(kSize);
  const auto report = world.download(expecting());
  REQUIRE(report.ok());
  CHECK(report->reused == 0);
  CHECK(world.has("f", 1, kSize));
}

namespace {

Request expecting_other() {
  Request request = expecting();
  request.checksum->digest[0] ^= std::byte{1};
  return request;
}

// Interrupts every operation of the scene once: by kill, by a power cut that loses everything not durable, and by
// `throws` random power cuts.
template <class Scene>
void for_every_death(const Scene& scene, std::uint64_t throws = 1) {
  for (std::uint64_t cut = 0; cut < 2 + throws; cut += cut < 2 ? 1 : every(1)) {
    CAPTURE(cut);
    bool fired = true;
    for (std::uint64_t k = 1; fired; ++k) {
      CAPTURE(k);
      REQUIRE(k < 2000);
      World world;
      fired = scene(world, k, [&] {
        if (cut == 0) world.disk.kill();
        if (cut == 1) world.disk.power_cut(0);
        if (cut >= 2) world.disk.power_cut(k + 1000 * (cut - 2));
        return cut == 0;
      });
    }
  }
}

}  // namespace

TEST_CASE("what came under a wrong checksum is there for the right one, also after the power went") {
  for (const bool checksum : {true, false}) {
    for (const bool power : {false, true}) {
      World world;
      world.serve().size(kSize);
      const auto wrong = world.download(expecting_other());
      REQUIRE_FALSE(wrong.ok());
      CHECK(wrong.error().cause == Cause::integrity);
      if (power) {
        world.disk.power_cut(0);
      } else {
        world.disk.kill();
      }
      world.serve().size(kSize);
      const auto report = world.download(checksum ? expecting() : World::request());
      REQUIRE(report.ok());
      CHECK(report->fetched == 0);
      CHECK(report->reused == kSize);
      CHECK(world.has("f", 1, kSize));
    }
  }
}

TEST_CASE("a death at any operation of a run with a wrong checksum costs the right one no more than any death") {
  for_every_death([](World& world, std::uint64_t k, const auto& die) {
    world.serve().size(kSize);
    world.disk.crash_at(k);
    CHECK_FALSE(world.download(expecting_other()).ok());
    const bool fired = world.disk.fired();
    const bool killed = die();
    world.serve().size(kSize);
    const auto report = world.download(expecting());
    REQUIRE(report.ok());
    if (killed) CHECK(report->revoked == 0);
    CHECK(report->fetched == kSize - report->reused);
    CHECK(world.has("f", 1, kSize));
    CHECK(world.disk.names() == std::vector<std::string>{"f"});
    return fired;
  });
}

TEST_CASE("a death while claims of a wrong digest are given up brings none of them back") {
  for_every_death(
      [](World& world, std::uint64_t k, const auto& die) {
        world.serve().size(kSize).flip_at(kSize / 2, 1);
        REQUIRE_FALSE(world.download(expecting()).ok());
        world.disk.kill();
        world.serve().size(kSize);
        world.disk.crash_at(k);
        const bool done = world.download(expecting()).ok();
        const bool fired = world.disk.fired();
        die();
        check_output(world);
        if (done && !fired) return false;
        const bool complete = world.disk.names() == std::vector<std::string>{"f"};
        world.serve().size(kSize);
        const auto report = world.download(expecting());
        CHECK((report.ok() || (complete && report.error().cause == Cause::exists)));
        CHECK(world.has("f", 1, kSize));
        return fired;
      },
      10);
}
