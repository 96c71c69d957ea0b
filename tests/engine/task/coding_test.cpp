// Content codings that were not asked for.
#include "support/hints.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <string>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 40 * 16 * kKiB + 1000;

auto coded(const char* coding) {
  return [coding](Answer& answer, const Asking&) {
    if (*coding != '\0') answer.set("Content-Encoding", coding);
  };
}

}  // namespace

TEST_CASE("what is stored compressed is kept as it came, told, and continued") {
  for (const unsigned connections : kConnections) {
    World world;
    world.serve().size(kSize).stall_at(20 * 16 * kKiB + 5000, 99).on_every(coded("aws-chunked, GZIP"));
    REQUIRE_FALSE(world.download(World::request(), with(connections, 0)).ok());
    world.disk.kill();
    world.serve().size(kSize).on_every(coded("x-gzip"));
    const auto report = world.download(World::request(), with(connections));
    REQUIRE(report.ok());
    CHECK(world.has("f", 1, kSize));
    CHECK(report->coding == "gzip");
    CHECK(report->reused > 0);
    CHECK(report->verified_to == VerifiedTo::strong_validator);
    CHECK(report->notes.front().find("gzip") != std::string::npos);
    CHECK(report->hints == Hints{Hint::decode});
  }
}

TEST_CASE("another coding than that of what is here is never joined, whatever validator it has") {
  for (const unsigned connections : kConnections) {
    for (const auto& codings : {std::pair("", "gzip"), {"gzip", ""}, {"gzip", "br"}}) {
      const char* before = codings.first;
      const char* now = codings.second;
      CAPTURE(before);
      CAPTURE(now);
      World world;
      world.serve().size(kSize).stall_at(20 * 16 * kKiB + 5000, 99).on_every(coded(before));
      REQUIRE_FALSE(world.download(World::request(), with(connections, 0)).ok());
      world.disk.kill();
      world.serve().seed(2).size(kSize).etag("\"v1\"").on_every(coded(now));
      const auto report = world.download(World::request(), with(connections, 1));
      REQUIRE_FALSE(report.ok());
      CHECK(report.error().cause == Cause::integrity);
      CHECK(has_hint(report.error(), Hint::start_over_if_stuck));
      world.disk.kill();
      world.serve().size(kSize).on_every(coded(before));
      const auto again = world.download(World::request(), with(connections));
      REQUIRE(again.ok());
      CHECK(again->reused > 0);
      CHECK(world.has("f", 1, kSize));
    }
  }
}
