// Every operation of a download that adopts another tool's file is a point at which the process dies, the power goes,
// or it fails: whatever that leaves, a later run gets the right file, with a checksum or without one.
#include "seams/digest.h"
#include "support/every.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSegment = 16 * kKiB;
constexpr std::uint64_t kSize = 6 * kSegment + 100;
constexpr std::uint64_t kLeft = 4 * kSegment + 5;

// What the tool has left: of which version, and under which name.
struct Left {
  std::uint64_t seed;
  const char* name;
  bool strong;  // the server's validator
  std::uint64_t size = kLeft;
  bool copied = false;  // to the output's name
  bool is_output() const { return copied || name == kName; }
};

enum class Later { adopts, replaces, refuses };  // what it may replace; only the first has a checksum

Request adopting(const Left& left) {
  auto digest = make_digest(Algorithm::sha256);
  REQUIRE(digest.ok());
  (*digest)->update(pattern_bytes(1, kSize));
  Request request = World::request();
  request.checksum = Checksum{Algorithm::sha256, (*digest)->value()};
  request.adopt = left.name;
  if (left.copied) request.existing = Existing::replace;
  return request;
}

void serve(World& world, const Left& left) {
  world.serve().size(kSize);
  if (!left.strong) world.script->no_validator();
}

// The output is all of this version, or what the tool has left, and that has not changed.
void check_files(const World& world, const Left& left) {
  const auto output = world.disk.get("f");
  const bool is_left = output && left.is_output() && is_pattern(*output, left.seed, left.size);
  if (output && !is_left) CHECK(is_pattern(*output, 1, kSize));
  if (left.name != kName) CHECK(world.has(left.name, left.seed, left.size));
}

// A run without a checksum that must not replace anything: it has the right file, or reports that there is another.
void check_refusing(World& world, const Left& left) {
  serve(world, left);
  const auto rerun = world.download(World::request());
  if (!rerun.ok()) CHECK(rerun.error().cause == Cause::exists);
  if (rerun.ok()) CHECK(world.has("f", 1, kSize));
  check_files(world, left);
}

void check_after(World& world, const Left& left, Later later) {
  check_files(world, left);
  if (later == Later::refuses) check_refusing(world, left);
  const bool complete = world.has("f", 1, kSize);
  serve(world, left);
  Request request = later == Later::adopts ? adopting(left) : World::request();
  if (left.is_output() && later != Later::adopts) request.existing = Existing::replace;
  const auto rerun = world.download(request);
  CHECK((rerun.ok() || (complete && rerun.error().cause == Cause::exists)));
  CHECK(world.has("f", 1, kSize));
  check_files(world, left);
  std::vector<std::string> names = {"f"};
  if (left.name != kName) names.emplace_back(left.name);
  CHECK(world.disk.names() == names);
}

template <class Scene>
void for_every_case(const Scene& scene) {
  for (const Left& left : {Left{1, "f.crdownload", true}, Left{2, "f.crdownload", true}, Left{2, "f.crdownload", false},
                           Left{1, "f", true}, Left{2, "f", false}, Left{2, "f", true, kSize},
                           Left{2, "f", false, kSize}, Left{2, "f.crdownload", true, kSize, true}}) {
    for (const Later later : {Later::adopts, Later::replaces, Later::refuses}) {
      CAPTURE(left.seed);
      CAPTURE(left.name);
      CAPTURE(left.strong);
      CAPTURE(left.size);
      CAPTURE(static_cast<int>(later));
      bool fired = true;
      for (std::uint64_t k = 1; fired; k += every(1)) {
        CAPTURE(k);
        REQUIRE(k < 2000);
        World world;
        world.disk.put(left.name, pattern_bytes(left.seed, left.size));
        if (left.copied) world.disk.put("f", pattern_bytes(left.seed, left.size));
        serve(world, left);
        fired = scene(world, left, later, k);
      }
    }
  }
}

}  // namespace

TEST_CASE("a death at any operation of a download that adopts a file leaves nothing that is stuck or wrong") {
  for (const std::uint64_t cut : {0U, 1U, 2U}) {
    CAPTURE(cut);
    for_every_case([&](World& world, const Left& left, Later later, std::uint64_t k) {
      world.disk.crash_at(k, cut == 2);
      const auto ended = world.download(adopting(left));
      static_cast<void>(ended.ok());
      const bool fired = world.disk.fired();
      if (cut == 0) world.disk.kill();
      if (cut > 0) world.disk.power_cut(cut == 1 ? 0 : k);
      check_after(world, left, later);
      return fired;
    });
  }
}

TEST_CASE("a failure of any operation of a download that adopts a file leaves nothing that is stuck or wrong") {
  for_every_case([](World& world, const Left& left, Later later, std::uint64_t k) {
    world.disk.fail_at(k, "Input/output error");
    const auto ended = world.download(adopting(left));
    if (ended.ok()) CHECK(world.has("f", 1, kSize));
    check_files(world, left);
    const bool fired = world.disk.fired();
    world.disk.kill();
    check_after(world, left, later);
    return fired;
  });
}
