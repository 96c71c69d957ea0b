// The fault loops: fail, kill or cut the power at the k-th operation for k = 1, 2, ... until none is left. After each:
// the output is absent or exactly one version of the resource, the fault-free rerun succeeds, and nothing is left
// behind.
#include "support/every.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <functional>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 4 * 16 * kKiB + 100;

enum class Kind { segments, stream, small };
constexpr Kind kKinds[] = {Kind::segments, Kind::stream, Kind::small};

// A small one has one segment, and so no journal.
constexpr std::uint64_t size_of(Kind kind) { return kind == Kind::small ? 10'000 : kSize; }

OriginScript& serve(World& world, Kind kind) {
  OriginScript& script = world.serve().size(size_of(kind));
  return kind == Kind::stream ? script.no_ranges() : script;
}

// The postconditions of every fault.
void check_after(World& world, Kind kind) {
  const auto output = world.disk.get("f");
  if (output) CHECK(is_pattern(*output, 1, size_of(kind)));
  const auto before = world.disk.names();
  serve(world, kind);
  const auto rerun = world.download();
  // A published output without a journal is a finished download: asking for it again is refused, and that is right.
  const bool complete = before == std::vector<std::string>{"f"};
  CHECK((rerun.ok() || (complete && rerun.error().cause == Cause::exists)));
  if (!rerun.ok() && !complete) MESSAGE(rerun.error().message());
  CHECK(world.has("f", 1, size_of(kind)));
  CHECK(world.disk.names() == std::vector<std::string>{"f"});
}

// Runs `scene` with a fault at operation 1, 2, ... until the fault does not fire any more. The number of faults that
// fired.
std::uint64_t for_every_operation(const std::function<bool(std::uint64_t)>& scene) {
  std::uint64_t k = 1;
  while (scene(k)) {
    ++k;
    REQUIRE(k < 2000);
  }
  return k - 1;
}

// A disk on which a first run was killed with two segments claimed.
void leave_half(World& world) {
  world.serve().size(kSize).stall_at(2 * 16 * kKiB + 1000, 99);
  SessionOptions once;
  once.retries = 0;
  REQUIRE_FALSE(world.download(World::request(), once).ok());
  world.disk.kill();
}

}  // namespace

TEST_CASE("a kill at any operation of a download loses nothing that was claimed") {
  for (const Kind kind : kKinds) {
    for (const bool torn : {false, true}) {
      const auto faults = for_every_operation([&](std::uint64_t k) {
        CAPTURE(k);
        World world;
        serve(world, kind);
        world.disk.crash_at(k, torn);
        const auto report = world.download();
        const bool fired = world.disk.fired();
        if (report.ok()) CHECK(world.has("f", 1, size_of(kind)));  // what is left to remove is a note
        world.disk.kill();
        if (fired) check_after(world, kind);
        return fired;
      });
      CHECK(faults > (kind == Kind::small ? 12 : 20));
    }
  }
}

TEST_CASE("a kill at any operation of a resume publishes nothing wrong") {
  const auto faults = for_every_operation([&](std::uint64_t k) {
    CAPTURE(k);
    World world;
    leave_half(world);
    serve(world, Kind::segments);
    world.disk.crash_at(k);
    const auto report = world.download();
    const bool fired = world.disk.fired();
    world.disk.kill();
    if (fired) check_after(world, Kind::segments);
    return fired;
  });
  CHECK(faults > 20);
}

TEST_CASE("after a kill nothing is revoked, and exactly what is not claimed is fetched") {
  for_every_operation([&](std::uint64_t k) {
    CAPTURE(k);
    World world;
    serve(world, Kind::segments);
    world.disk.crash_at(k);
    static_cast<void>(world.download().ok());
    const bool fired = world.disk.fired();
    world.disk.kill();
    if (!fired || !world.absent("f")) return fired;
    serve(world, Kind::segments);
    const auto report = world.download();
    REQUIRE(report.ok());
    CHECK(report->revoked == 0);
    CHECK(report->fetched == kSize - report->reused);
    return true;
  });
}

TEST_CASE("a power cut at any operation publishes nothing wrong") {
  for (const Kind kind : kKinds) {
    for (std::uint64_t seed = 1; seed <= 12; seed += every(1)) {
      for_every_operation([&](std::uint64_t k) {
        CAPTURE(k);
        CAPTURE(seed);
        World world;
        serve(world, kind);
        world.disk.crash_at(k, seed % 2 == 0);
        const auto report = world.download();
        const bool fired = world.disk.fired();
        world.disk.power_cut(seed * 1000 + k);
        if (fired) check_after(world, kind);
        return fired;
      });
    }
  }
}

TEST_CASE("a power cut right after the end leaves the output whole") {
  for (const Kind kind : kKinds) {
    for (std::uint64_t seed = 1; seed <= 40; seed += every(1)) {
      CAPTURE(seed);
      World world;
      serve(world, kind);
      REQUIRE(world.download().ok());
      world.disk.power_cut(seed);
      CHECK(world.has("f", 1, size_of(kind)));
    }
  }
}

TEST_CASE("a power cut at any operation of a resume publishes nothing wrong") {
  for (std::uint64_t seed = 1; seed <= 8; seed += every(1)) {
    for_every_operation([&](std::uint64_t k) {
      CAPTURE(k);
      CAPTURE(seed);
      World world;
      leave_half(world);
      serve(world, Kind::segments);
      world.disk.crash_at(k);
      const auto report = world.download();
      const bool fired = world.disk.fired();
      world.disk.power_cut(seed * 1000 + k);
      if (fired) check_after(world, Kind::segments);
      return fired;
    });
  }
}

TEST_CASE("a failure of any operation is told, and the rerun succeeds") {
  for (const Kind kind : kKinds) {
    for (const bool always : {false, true}) {
      const auto faults = for_every_operation([&](std::uint64_t k) {
        CAPTURE(k);
        World world;
        serve(world, kind);
        world.disk.fail_at(k, "Input/output error", always);
        const auto report = world.download();
        const bool fired = world.disk.fired();
        if (!report.ok()) CHECK(report.error().cause == Cause::local);
        world.disk.kill();
        if (fired) check_after(world, kind);
        return fired;
      });
      CHECK(faults > (kind == Kind::small ? 12 : 20));
    }
  }
}

TEST_CASE("a kill at any operation on a plain file system publishes nothing wrong") {
  const auto faults = for_every_operation([&](std::uint64_t k) {
    CAPTURE(k);
    World world;
    world.disk.set_kind(kNfs);
    serve(world, Kind::segments);
    world.disk.crash_at(k, true);
    const auto report = world.download();
    const bool fired = world.disk.fired();
    world.disk.kill();
    if (fired) check_after(world, Kind::segments);
    return fired;
  });
  CHECK(faults > 20);
}

TEST_CASE("a failed sync revokes what it was to make durable") {
  World world;
  serve(world, Kind::segments);
  world.disk.fail_kind("sync", 2, "Input/output error");  // the first is the journal's
  const auto report = world.download();
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::local);
  CHECK(world.absent("f"));
  world.disk.kill();
  serve(world, Kind::segments);
  const auto rerun = world.download();
  REQUIRE(rerun.ok());
  CHECK(rerun->reused == 0);
  CHECK(rerun->fetched == kSize);
}

TEST_CASE("a kill at any operation while a changed resource starts over loses neither version") {
  bool plain = false;
  SUBCASE("with an atomic exchange of names") {}
  SUBCASE("without") { plain = true; }
  for_every_operation([&](std::uint64_t k) {
    CAPTURE(k);
    World world;
    world.disk.set_kind(plain ? kNfs : kExt4);
    leave_half(world);
    world.serve().size(kSize).seed(2).etag("\"v2\"");
    world.disk.crash_at(k);
    const auto report = world.download();
    const bool fired = world.disk.fired();
    world.disk.kill();
    if (!fired) return false;
    const auto output = world.disk.get("f");
    if (output) CHECK(is_pattern(*output, 2, kSize));
    world.serve().size(kSize).seed(2).etag("\"v2\"");
    const bool complete = world.disk.names() == std::vector<std::string>{"f"};
    const auto rerun = world.download();
    if (!rerun.ok() && !complete) MESSAGE(rerun.error().message());
    CHECK((rerun.ok() || complete));
    CHECK(world.has("f", 2, kSize));
    CHECK(world.disk.names() == std::vector<std::string>{"f"});
    return true;
  });
}

TEST_CASE("the old part is there until the new version has its first segment") {
  World world;
  leave_half(world);
  world.serve().size(kSize).seed(2).etag("\"v2\"").stall_at(1000, 99);
  SessionOptions once;
  once.retries = 0;
  REQUIRE_FALSE(world.download(World::request(), once).ok());
  world.disk.kill();
  CHECK(world.disk.get("f.part.old").has_value());
  // The old version is back on the server: what was claimed of it still counts.
  serve(world, Kind::segments);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(report->reused == 2 * 16 * kKiB);
  CHECK(world.has("f", 1, kSize));
  CHECK(world.disk.names() == std::vector<std::string>{"f"});
}

TEST_CASE("the data is synced before it gets its name, and the journal goes last") {
  World world;
  serve(world, Kind::segments);
  REQUIRE(world.download().ok());
  const auto log = world.disk.log();
  const auto last = [&log](const std::string& words) {
    const auto found = std::find(log.rbegin(), log.rend(), words);
    REQUIRE_MESSAGE(found != log.rend(), words);
    return log.rend() - found;
  };
  const auto last_write =
      std::find_if(log.rbegin(), log.rend(), [](const std::string& line) { return line.starts_with("write f.part"); });
  CHECK(log.rend() - last_write < last("sync f.part"));
  CHECK(last("sync f.part") < last("rename f.part f"));
  CHECK(last("rename f.part f") < last("sync-directory"));
  CHECK(last("sync-directory") < last("remove f.segdl"));
}
