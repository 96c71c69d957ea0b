// A cache or a transforming proxy before the origin, which identifies itself with Via (doc/http.md, proxies).
#include "support/world.h"

#include <doctest/doctest.h>

#include <set>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 6 * kMiB;
constexpr std::uint64_t kCut = 4 * kMiB;  // where the first answer breaks off, for a second request

bool asks_origin(const Asking& asking) { return asking.find("Cache-Control") != nullptr; }

// The requests, by number, that asked the origin itself.
std::set<unsigned> past_caches(const World& world) {
  std::set<unsigned> numbers;
  for (const Asking& asking : world.script->log()) {
    if (!asks_origin(asking)) continue;
    numbers.insert(asking.number);
    CHECK(*asking.find("Cache-Control") == "no-cache, no-transform");
  }
  return numbers;
}

}  // namespace

TEST_CASE("as long as all answers fit, caches on the way may answer") {
  World world;
  world.serve().size(kSize).cut_at(kCut).on_every(
      [](Answer& answer, const Asking&) { answer.set("Via", "1.1 cache"); });
  REQUIRE(world.download().ok());
  CHECK(past_caches(world).empty());
}

TEST_CASE("another version that only a cache has does not begin the download again") {
  World world;
  world.serve().size(kSize).cut_at(kCut).on(2, [](Answer& answer) { answer.set("Age", "99").set("ETag", "\"old\""); });
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(world.has("f", 1, kSize));
  CHECK(report->restarts == 0);
  CHECK(past_caches(world) == std::set<unsigned>{3});
}

TEST_CASE("where a cache has begun with an old version, the new one comes from the origin, whole") {
  World world;
  // The cache has kept the first part of an old version, and serves it unless the request forbids that.
  world.serve().size(kSize).cut_at(kCut).change_after(1, kSize).on_every([](Answer& answer, const Asking& asking) {
    answer.set("Via", "1.1 cache");
    const std::string* range = asking.find("Range");
    if (asking.number > 1 && !asks_origin(asking) && range != nullptr && range->starts_with("bytes=0-")) {
      answer.set("ETag", "\"v1\"");
    }
  });
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(report->restarts == 1);
  CHECK(world.has("f", 1001, kSize));
  CHECK(past_caches(world) == std::set<unsigned>{3, 4});
}

TEST_CASE("a proxy that transforms is asked not to") {
  World world;
  world.serve().size(kSize).cut_at(kCut).on_every([](Answer& answer, const Asking& asking) {
    answer.set("Via", "1.1 proxy");
    if (!asks_origin(asking)) answer.head.status = 203;
  });
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(world.has("f", 1, kSize));
  CHECK(past_caches(world) == std::set<unsigned>{2, 3});
}

TEST_CASE("what a proxy transforms all the same is a body of its own, which names no version") {
  World world;
  world.serve().size(kSize).on_every([](Answer& answer, const Asking&) {
    answer.set("Via", "1.1 proxy");
    answer.head.status = 203;
  });
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(world.has("f", 1, kSize));
  CHECK(report->verified_to == VerifiedTo::length);
}

TEST_CASE("where nobody stands between, a changed resource is begun again at once") {
  World world;
  world.serve().size(kSize).cut_at(kCut).change_after(1, kSize);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(report->restarts == 1);
  CHECK(past_caches(world).empty());
}

TEST_CASE("a Cache-Control of the request's own stands alone") {
  World world;
  world.serve().size(kSize).cut_at(kCut).on(2, [](Answer& answer) { answer.set("Age", "99").set("ETag", "\"old\""); });
  Request request = World::request();
  request.headers.push_back({"Cache-Control", "max-age=5"});
  REQUIRE(world.download(request).ok());
  for (const Asking& asking : world.script->log()) CHECK(*asking.find("Cache-Control") == "max-age=5");
}
