// Every point of every way through a place, on every kind of file system that has a path of its own: the process dies,
// the power goes, or an operation fails, at operation 1, 2, ... until none is left. What is left is always ours: the
// same request ends well with the right bytes, and leaves nothing beside them. SEGDL_EVERY=N in the environment takes
// one operation in N of each way, not the same of all: for builds that are slow.
#include "support/every.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <functional>
#include <string>
#include <vector>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 4 * 16 * kKiB + 100;
constexpr std::uint64_t kSmall = 10'000;
constexpr std::uint64_t kSeeds = 2;  // of power cuts, at each point; the first takes all there is to take

// A way through a place: what an earlier run has left, and what the server has.
struct Scene {
  const char* name;
  std::function<void(World&)> before;
  std::function<void(World&)> serve;
  std::uint64_t seed = 1;  // of the bytes that are to be published
  std::uint64_t size = kSize;
  bool overwrite = false;
  bool resume = true;
  bool update = false;
  bool empty = false;  // the output gives way for that

  Request request() const {
    Request request = World::request();
    request.existing = update ? Existing::update : overwrite ? Existing::replace : Existing::refuse;
    request.resume = resume;
    return request;
  }
};

void segments(World& world) { world.serve().size(kSize); }
void stream(World& world) { world.serve().size(kSize).no_ranges(); }
void small(World& world) { world.serve().size(kSmall); }
void changed(World& world) { world.serve().size(kSize).seed(2).etag("\"v2\""); }

void nothing(World&) {}

// A first run was killed in the middle of its data.
template <void serve(World&)>
void half(World& world) {
  serve(world);
  world.script->stall_at(2 * 16 * kKiB + 1000, 99);
  SessionOptions once;
  once.retries = 0;
  REQUIRE_FALSE(world.download(World::request(), once).ok());
  world.disk.kill();
}

// The same in a file that nothing is claimed of, since its first segment had not arrived.
void hardly(World& world) {
  world.serve().size(kSize).stall_at(1000, 99);
  SessionOptions once;
  once.retries = 0;
  REQUIRE_FALSE(world.download(World::request(), once).ok());
  world.disk.kill();
}

// A stream of which more had come than is held in memory.
void half_written(World& world) {
  half<stream>(world);
  world.disk.put("f.part", pattern_bytes(1, kSize / 2));
}

void empty_file(World& world) { world.disk.put("f", {}); }

void half_over_empty(World& world) {
  half<segments>(world);
  empty_file(world);
}

void older_file(World& world) { world.disk.put("f", pattern_bytes(9, 500)); }

// A download that was killed, of a file that is to be replaced.
void half_over_older(World& world) {
  half<segments>(world);
  older_file(world);
}

const std::vector<Scene>& scenes() {
  static const std::vector<Scene> all{
      {"segments", nothing, segments},
      {"stream", nothing, stream},
      {"small", nothing, small, 1, kSmall},
      {"resume", half<segments>, segments},
      {"stream begun again", half<stream>, stream},
      {"stream begun again, some of it written", half_written, stream},
      {"changed resource", half<segments>, changed, 2},
      {"changed resource, nothing claimed", hardly, changed, 2},
      {"changed to a stream", half<segments>, [](World& world) { changed(world), world.script->no_ranges(); }, 2},
      {"changed to a small one", hardly, [](World& world) { world.serve().size(kSmall).seed(2).etag("\"v2\""); }, 2,
       kSmall},
      {"started over by option", half<segments>, segments, 1, kSize, false, false},
      {"overwrite", older_file, segments, 1, kSize, true},
      {"overwrite, small", older_file, small, 1, kSmall, true},
      {"overwrite, stream", older_file, stream, 1, kSize, true},
      {"overwrite, resumed", half_over_older, segments, 1, kSize, true},
      {"update", older_file, segments, 1, kSize, true, true, true},
      {"update, small", older_file, small, 1, kSmall, true, true, true},
      {"update, resumed", half_over_older, segments, 1, kSize, true, true, true},
      {"over an empty file", empty_file, segments, 1, kSize, false, true, false, true},
      {"over an empty file, small", empty_file, small, 1, kSmall, false, true, false, true},
      {"over an empty file, stream", empty_file, stream, 1, kSize, false, true, false, true},
      {"over an empty file, resumed", half_over_empty, segments, 1, kSize, false, true, false, true},
  };
  return all;
}

bool is_right(World& world, const Scene& scene) { return world.has("f", scene.seed, scene.size); }

// The output is what was there before, or absent, or right; the same request makes it right, and nothing else is left.
void check_after(World& world, const Scene& scene) {
  const auto output = world.disk.get("f");
  if (output && !scene.overwrite) CHECK((is_right(world, scene) || (scene.empty && output->empty())));
  if (output && scene.overwrite) CHECK((is_right(world, scene) || is_pattern(*output, 9, 500)));
  // A published output without a journal is a finished download: asking for it again is refused, and that is right.
  const auto names = world.disk.names();
  const bool beside = scene.empty && names == std::vector<std::string>{"f", "f.part"};  // of a small one, and empty
  const bool complete = (beside || names == std::vector<std::string>{"f"}) && is_right(world, scene);
  const auto left = fmt::format("{}", fmt::join(names, " "));
  CAPTURE(left);
  scene.serve(world);
  const auto rerun = world.download(scene.request());
  if (!rerun.ok() && !complete) MESSAGE(rerun.error().message());
  CHECK((rerun.ok() || (complete && rerun.error().cause == Cause::exists)));
  CHECK(is_right(world, scene));
  CHECK(world.disk.names() == std::vector<std::string>{"f"});
}

// The death of the process, or of the machine with this seed. Whether there was an operation to die at.
bool dies_at(const FakeKind& kind, const Scene& scene, std::uint64_t operation, std::optional<std::uint64_t> power) {
  World world;
  world.disk.set_kind(kind);
  scene.before(world);
  scene.serve(world);
  world.disk.crash_at(operation, operation % 2 == 0);
  const bool done = world.download(scene.request()).ok();
  const bool fired = world.disk.fired();
  CHECK((done || fired));
  if (power) {
    world.disk.power_cut(*power);
    if (!fired) CHECK(is_right(world, scene));  // what was reported as published outlasts the power
  } else {
    world.disk.kill();
  }
  check_after(world, scene);
  return fired;
}

// The failure of this operation, and with `always` of every later one of its kind; the process goes on until it ends by
// itself. Whether there was an operation to fail.
bool fails_at(const FakeKind& kind, const Scene& scene, std::uint64_t operation, bool always) {
  World world;
  world.disk.set_kind(kind);
  scene.before(world);
  scene.serve(world);
  world.disk.fail_at(operation, "Input/output error", always);
  const auto report = world.download(scene.request());
  const bool fired = world.disk.fired();
  CAPTURE(operation);
  CAPTURE(scene.name);
  const auto words = report.ok() ? "" : report.error().message();
  CAPTURE(words);
  if (!report.ok()) CHECK(report.error().cause == Cause::local);
  CHECK((report.ok() || fired));
  world.disk.kill();
  check_after(world, scene);
  return fired;
}

// Runs `fault` everywhere, with `variants` of each operation. It returns whether there was an operation with this
// number.
using Fault = std::function<bool(const FakeKind&, const Scene&, std::uint64_t operation, std::uint64_t variant)>;

void everywhere(std::uint64_t variants, const Fault& fault) {
  const std::uint64_t step = every(1);
  std::uint64_t ways = 0;
  for (const FakeKind& kind : kFakeKinds) {
    for (const Scene& scene : scenes()) {
      for (std::uint64_t variant = 0; variant < variants; ++variant) {
        bool fired = true;
        for (std::uint64_t operation = 1 + ways++ % step; fired; operation += step) {
          CAPTURE(std::string(kind.name));
          CAPTURE(std::string(scene.name));
          CAPTURE(operation);
          CAPTURE(variant);
          REQUIRE(operation < 2000);
          fired = fault(kind, scene, operation, variant);
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("a kill at any operation, on any kind of file system, leaves what the same request finishes") {
  everywhere(1, [](const FakeKind& kind, const Scene& scene, std::uint64_t operation, std::uint64_t) {
    return dies_at(kind, scene, operation, std::nullopt);
  });
}

TEST_CASE("a power cut at any operation, on any kind of file system, leaves what the same request finishes") {
  everywhere(kSeeds, [](const FakeKind& kind, const Scene& scene, std::uint64_t operation, std::uint64_t seed) {
    return dies_at(kind, scene, operation, seed == 0 ? 0 : seed * 1000 + operation);
  });
}

TEST_CASE("a failure of any operation, on any kind of file system, leaves what the same request finishes") {
  everywhere(2, [](const FakeKind& kind, const Scene& scene, std::uint64_t operation, std::uint64_t always) {
    return fails_at(kind, scene, operation, always != 0);
  });
}
