// The digest of everything, compared before anything is published, in a world of fakes.
#include <segdl/checksum.h>
#include <segdl/session.h>

#include "engine/task/sink/prefix_hasher.h"
#include "seams/digest.h"
#include "support/hints.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <random>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 5 * 16 * kKiB + 1000;

// Of pattern_bytes(1, kSize), as sha256sum, sha512sum, sha1sum, md5sum and xxhsum print them.
constexpr const char* kVectors[] = {
    "sha-256=ce4fe14752eb895c736f70c756accf56fb34e3bc2b6a8417077d5d0159b2fd0b",
    ("sha-512=12080de141cde689012e5940036766b5325fc653c61cec02a0775a23291abfb8"
     "13e23c142d0c6846c91bc1d9cccf6ee36082767133029a8036b4158834e2357d"),
    "sha-1=23170b82ed3cf7705d9a88a973746aabe496297e",
    "md5=d1d48249225d23bfb6a2dae30246d1f5",
    "xxh3-64=1997f4b888562961",
    "xxh128=356ffc08120c51fb1997f4b888562961",
};

Checksum checksum_of(std::uint64_t seed, std::uint64_t size) {
  auto digest = make_digest(Algorithm::sha256);
  REQUIRE(digest.ok());
  (*digest)->update(pattern_bytes(seed, size));
  return {Algorithm::sha256, (*digest)->value()};
}

Request expecting(std::uint64_t seed, std::uint64_t size = kSize) {
  Request request = World::request();
  request.checksum = checksum_of(seed, size);
  return request;
}

// Of other bytes, also where there is none.
Request expecting_other(std::uint64_t size = kSize) { return expecting(2, size + 1); }

// The ways a resource can come.
struct Way {
  const char* name;
  std::uint64_t size;
  void (*serve)(World&, std::uint64_t size);
  bool kept = false;  // though it was not what was expected
};
constexpr Way kWays[] = {
    {"segments", kSize, [](World& world, std::uint64_t size) { world.serve().size(size); }, true},
    {"one segment more than the probe", 4 * kMiB + 16 * kKiB,
     [](World& world, std::uint64_t size) { world.serve().size(size); }, true},
    {"without a validator", kSize, [](World& world, std::uint64_t size) { world.serve().size(size).no_validator(); },
     true},
    {"a stream", kSize, [](World& world, std::uint64_t size) { world.serve().size(size).no_ranges(); }},
    {"a stream in chunks", 700'000,
     [](World& world, std::uint64_t size) {
       world.serve().size(size).no_ranges().on_every([](Answer& answer, const Asking&) { answer.chunked(); });
     }},
    {"small", 1000, [](World& world, std::uint64_t size) { world.serve().size(size); }},
    {"small on a plain file system", 1000,
     [](World& world, std::uint64_t size) {
       world.serve().size(size);
       world.disk.set_kind(kNfs);
     },
     true},
    {"empty", 0, [](World& world, std::uint64_t size) { world.serve().size(size); }},
    {"empty on a plain file system", 0,
     [](World& world, std::uint64_t size) {
       world.serve().size(size);
       world.disk.set_kind(kNfs);
     }},
};

void interrupt_at(World& world, std::uint64_t offset) {
  world.serve().size(kSize).stall_at(offset, 99);
  SessionOptions once;
  once.retries = 0;
  REQUIRE_FALSE(world.download(expecting(1), once).ok());
  world.disk.kill();
}

std::uint64_t bytes_sent(const World& world) {
  const auto log = world.script->log();
  return std::accumulate(log.begin(), log.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Asking& asking) { return sum + asking.sent; });
}

void check_refuted(World& world, const Result<Report>& report) {
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::integrity);
  CHECK(report.error().remedy == Remedy::stop);
  CHECK_FALSE(report.error().resumable);
  CHECK(report.error().message().find("sha-256") != std::string::npos);
  CHECK_FALSE(report.error().hints.empty());
  CHECK(world.absent("f"));
}

}  // namespace

TEST_CASE("every algorithm tells the right bytes from others") {
  for (const char* vector : kVectors) {
    CAPTURE(vector);
    World world;
    world.serve().size(kSize);
    Request request = World::request();
    request.checksum = *parse_checksum(vector);
    const auto report = world.download(request);
    REQUIRE(report.ok());
    CHECK(world.has("f", 1, kSize));
    CHECK(report->verified_to == VerifiedTo::digest);
    CHECK(report->checksum == request.checksum);

    World other;
    other.serve().size(kSize).flip_at(kSize - 1, OriginScript::kAlways);
    const auto refuted = other.download(request);
    REQUIRE_FALSE(refuted.ok());
    CHECK(refuted.error().cause == Cause::integrity);
    CHECK(other.absent("f"));
  }
}

TEST_CASE("in whichever way a resource comes, it is published if it is what was expected") {
  for (const Way& way : kWays) {
    CAPTURE(way.name);
    World world;
    way.serve(world, way.size);
    const auto report = world.download(expecting(1, way.size));
    REQUIRE(report.ok());
    CHECK(report->verified_to == VerifiedTo::digest);
    CHECK(world.has("f", 1, way.size));
    CHECK(world.disk.names() == std::vector<std::string>{"f"});
  }
}

TEST_CASE("and if not, nothing is published, the same request begins again, and another one uses what came") {
  for (const Way& way : kWays) {
    CAPTURE(way.name);
    World world;
    way.serve(world, way.size);
    check_refuted(world, world.download(expecting_other(way.size)));
    world.disk.kill();
    way.serve(world, way.size);
    check_refuted(world, world.download(expecting_other(way.size)));
    CHECK(bytes_sent(world) >= way.size);
    const auto report = world.download(expecting(1, way.size));
    REQUIRE(report.ok());
    CHECK(report->reused == (way.kept ? way.size : 0));
    CHECK(report->fetched - report->wasted == (way.kept ? 0 : way.size));
    CHECK(world.has("f", 1, way.size));
    CHECK(world.disk.names() == std::vector<std::string>{"f"});
  }
}

TEST_CASE("without an expectation nothing says that a digest was compared") {
  World world;
  world.serve().size(kSize);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(report->verified_to == VerifiedTo::strong_validator);
  CHECK_FALSE(report->checksum.has_value());
}

TEST_CASE("a byte that was wrong on its way once costs another run, and no more") {
  World world;
  world.serve().size(kSize).flip_at(40'000, 1);
  check_refuted(world, world.download(expecting(1)));
  const auto report = world.download(expecting(1));  // the script's fault has fired
  REQUIRE(report.ok());
  CHECK(report->fetched == kSize);
  CHECK(world.has("f", 1, kSize));
}

TEST_CASE("what an earlier run left is hashed as well") {
  World world;
  interrupt_at(world, 3 * 16 * kKiB + 5000);
  world.serve().size(kSize);
  SUBCASE("as it was") {
    const auto report = world.download(expecting(1));
    REQUIRE(report.ok());
    CHECK(report->reused == 3 * 16 * kKiB);
    CHECK(report->verified_to == VerifiedTo::digest);
  }
  SUBCASE("with a byte flipped on the disk: its segment is fetched again before it counts") {
    world.disk.flip("f.part", 20'000);
    const auto report = world.download(expecting(1));
    REQUIRE(report.ok());
    CHECK(report->revoked == 16 * kKiB);
  }
  SUBCASE("and stays where the whole is wrong, since the checksum may be") {
    check_refuted(world, world.download(expecting_other()));
    const auto report = world.download(expecting(1));
    REQUIRE(report.ok());
    CHECK(report->reused == kSize);
    CHECK(report->fetched == 0);
  }
  SUBCASE("and stays for a request that expects nothing") {
    check_refuted(world, world.download(expecting_other()));
    const auto report = world.download();
    REQUIRE(report.ok());
    CHECK(report->fetched == 0);
    CHECK(report->verified_to == VerifiedTo::strong_validator);
  }
  SUBCASE("and what was given up once is not given up again") {
    check_refuted(world, world.download(expecting_other()));
    world.serve().size(kSize).stall_at(2 * 16 * kKiB + 5000, 99);
    SessionOptions once;
    once.retries = 0;
    REQUIRE_FALSE(world.download(expecting_other(), once).ok());
    world.disk.kill();
    world.serve().size(kSize);
    check_refuted(world, world.download(expecting_other()));
    CHECK(bytes_sent(world) == kSize - 2 * 16 * kKiB);
    REQUIRE(world.download(expecting(1)).ok());
  }
  CHECK(world.has("f", 1, kSize));
  CHECK(world.disk.names() == std::vector<std::string>{"f"});
}

TEST_CASE("everything may have been claimed by the run before") {
  World world;
  world.serve().size(kSize);
  world.disk.fail_kind("rename", 2, "Input/output error");  // the first one names the journal
  const auto first = world.download(expecting(1));
  REQUIRE_FALSE(first.ok());
  CHECK(first.error().resumable);
  world.disk.kill();
  const auto report = world.download(expecting(1));
  REQUIRE(report.ok());
  CHECK(report->fetched == 0);
  CHECK(report->verified_to == VerifiedTo::digest);
  CHECK(world.has("f", 1, kSize));
}

TEST_CASE("a resource that changes is compared in the version that is published") {
  World world;
  world.serve().size(5 * kMiB).cut_at(4 * kMiB).change_after(1, 5 * kMiB);
  const auto report = world.download(expecting(1001, 5 * kMiB));
  REQUIRE(report.ok());
  CHECK(report->restarts == 1);
  CHECK(world.has("f", 1001, 5 * kMiB));
}

TEST_CASE("a file that had its name already is compared, and stays") {
  World world;
  world.serve().size(kSize);
  world.disk.fail_kind("remove", 1, "Input/output error");  // of the journal
  REQUIRE(world.download().ok());
  world.disk.kill();
  REQUIRE(world.disk.names() == std::vector<std::string>{"f", "f.segdl"});
  SUBCASE("right") {
    const auto report = world.download(expecting(1));
    REQUIRE(report.ok());
    CHECK(report->verified_to == VerifiedTo::digest);
    CHECK(report->fetched == 0);
  }
  SUBCASE("wrong") {
    const auto report = world.download(expecting_other());
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::integrity);
    CHECK(has_hint(report.error(), Hint::fetch_published_again));
  }
  CHECK(world.has("f", 1, kSize));
  CHECK(world.disk.names() == std::vector<std::string>{"f"});
}

TEST_CASE("a checksum vouches for a body whose end the connection tells") {
  for (const bool cut : {false, true}) {
    CAPTURE(cut);
    World world;
    auto& script =
        world.serve().size(kSize).no_ranges().on_every([](Answer& answer, const Asking&) { answer.until_close(); });
    if (cut) script.cut_at(50'000, OriginScript::kAlways);
    const auto report = world.download(expecting(1));
    CHECK(report.ok() == !cut);
    if (cut) check_refuted(world, report);
    CHECK(world.has("f", 1, kSize) == !cut);
  }
}

TEST_CASE("many workers and the verifiers beside them feed one digest") {
  World world;
  constexpr std::uint64_t kLarge = 24 * kMiB + 77;
  SessionOptions options;
  options.connections = 8;
  const auto serve = [&]() -> OriginScript& {
    return world.serve().size(kLarge).on_every(
        [&world](Answer&, const Asking&) { world.clock.advance(std::chrono::milliseconds(200)); });
  };
  serve().stall_at(9 * kMiB, 99);
  SessionOptions once = options;
  once.retries = 0;
  REQUIRE_FALSE(world.download(expecting(1, kLarge), once).ok());
  world.disk.kill();
  serve();
  const auto report = world.download(expecting(1, kLarge), options);
  REQUIRE(report.ok());
  CHECK(report->verified_to == VerifiedTo::digest);
  CHECK(report->reused > 0);
  CHECK(world.has("f", 1, kLarge));
}

TEST_CASE("a consumer hears at the end that what it was given is wrong") {
  for (const std::uint64_t size : {std::uint64_t{0}, kSize, std::uint64_t{600'000}}) {
    CAPTURE(size);
    for (const bool right : {true, false}) {
      World world;
      world.serve().size(size).cut_at(30'000, 1);
      std::vector<std::byte> got;
      Request request = right ? expecting(1, size) : expecting_other(size);
      request.consumer = [&got](std::span<const std::byte> bytes) {
        got.insert(got.end(), bytes.begin(), bytes.end());
        return Result<void>();
      };
      const auto report = world.download(request);
      CHECK(report.ok() == right);
      if (report.ok()) CHECK(report->verified_to == VerifiedTo::digest);
      if (!report.ok()) CHECK(report.error().cause == Cause::integrity);
      CHECK(got == pattern_bytes(1, size));
    }
  }
}

namespace {

// A file and the hasher that follows it.
struct Followed {
  FakeFs disk;
  Layout layout{kSize, 16 * kKiB};
  std::optional<Checksum> expected = checksum_of(1, kSize);
  std::unique_ptr<Directory> directory;
  std::unique_ptr<File> file;

  Followed() {
    disk.put("data", pattern_bytes(1, kSize));
    directory = std::move(*disk.open_directory("."));
    file = std::move(*directory->open("data", OpenMode::existing));
  }
};

}  // namespace

TEST_CASE("segments may come in any order") {
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    Followed world;
    engine::PrefixHasher hasher(world.expected, *world.file, world.layout);
    REQUIRE(hasher.start());
    std::vector<std::uint32_t> order(world.layout.count());
    std::iota(order.begin(), order.end(), 0U);
    std::shuffle(order.begin(), order.end(), random);
    for (const std::uint32_t i : order) hasher.settled(Segment{i});
    CHECK(hasher.finish("data", {}).ok());
  }
}

TEST_CASE("a hasher that is no longer wanted ends, whatever is still to come") {
  Followed world;
  std::stop_source stop;
  engine::PrefixHasher hasher(world.expected, *world.file, world.layout);
  REQUIRE(hasher.start());
  hasher.settled(Segment{1});
  stop.request_stop();
  const auto step = hasher.finish("data", stop.get_token());
  CHECK((!step && step.error().cause == Cause::cancelled));
}

TEST_CASE("a file that can't be read ends the hashing with that error") {
  for (const bool shortened : {false, true}) {
    Followed world;
    if (shortened) REQUIRE(world.file->resize(kSize - 1).ok());
    if (!shortened) world.disk.fail_kind("read", 1, "Input/output error", true);
    engine::PrefixHasher hasher(world.expected, *world.file, world.layout);
    REQUIRE(hasher.start());
    for (std::uint32_t i = 0; i < world.layout.count(); ++i) hasher.settled(Segment{i});
    const auto step = hasher.finish("data", {});
    REQUIRE_FALSE(step.ok());
    CHECK(step.error().cause == Cause::local);
  }
}
