// The same loops for downloads that expect a digest: when it is wrong, and a death comes before, while or after the
// claims are given up.
#include "seams/digest.h"
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
  if (output) CHECK(*output == pattern_bytes(1, kSize));
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
