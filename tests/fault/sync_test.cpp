// A sync that fails once and then succeeds has made nothing durable of what was written before it. So after a failed
// sync, a rerun in the same page cache that ends well and a power cut that takes all it can, the output must still be
// whole.
#include "support/world.h"

#include <doctest/doctest.h>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 5 * 16 * kKiB + 1000;

struct Scene {
  bool ranges;
  bool resume;
};

void serve(World& world, const Scene& scene) {
  OriginScript& script = world.serve().size(kSize);
  if (!scene.ranges) script.no_ranges();
}

void leave_half(World& world, const Scene& scene) {
  serve(world, scene);
  world.script->stall_at(kSize / 2, 99);
  SessionOptions once;
  once.retries = 0;
  REQUIRE_FALSE(world.download(World::request(), once).ok());
  world.disk.kill();
}

// False if there is no n-th sync of this kind.
bool survives(const Scene& scene, const std::string& kind, std::uint64_t nth) {
  World world;
  if (scene.resume) leave_half(world, scene);
  serve(world, scene);
  world.disk.fail_kind(kind, nth, "Input/output error");
  const auto first = world.download();
  if (!world.disk.fired()) return false;
  REQUIRE_FALSE(first.ok());
  CHECK(first.error().cause == Cause::local);
  const auto rerun = world.download();
  if (!rerun.ok()) MESSAGE(rerun.error().message());
  CHECK(rerun.ok());
  world.disk.power_cut(0);
  CHECK(world.has("f", 1, kSize));
  return true;
}

}  // namespace

TEST_CASE("after any failed sync a good rerun is durable") {
  unsigned failures = 0;
  for (const Scene scene : {Scene{true, false}, Scene{true, true}, Scene{false, false}, Scene{false, true}}) {
    for (const char* kind : {"sync", "sync-mapping", "sync-directory"}) {
      for (std::uint64_t nth = 1;; ++nth) {
        CAPTURE(scene.ranges);
        CAPTURE(scene.resume);
        CAPTURE(std::string(kind));
        CAPTURE(nth);
        if (!survives(scene, kind, nth)) break;
        ++failures;
      }
    }
  }
  CHECK(failures > 12);
}
