// What one body is worth: where it ends, and what of a resource without a strong validator it has passed.
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSegment = 16 * kKiB;
constexpr std::uint64_t kSize = 5 * kMiB;

// A run without a validator that is killed with the first three mebibytes claimed; the next compares from the second
// on.
void interrupt(World& world) {
  world.serve().size(kSize).no_validator().stall_at(3 * kMiB + 100, 99);
  REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
  world.disk.kill();
}

void serve_version(Answer& answer, std::uint64_t from, std::uint64_t seed) {
  answer.change_at = from;
  answer.next_seed = seed;
}

}  // namespace

TEST_CASE("a body without a length of its own is not cut to that of another response") {
  for (const std::uint64_t size : {std::uint64_t{10'000}, std::uint64_t{600'000}}) {
    for (const std::int64_t more : {+100'000, +1, -1, -5'000}) {
      for (const bool by_close : {false, true}) {
        for (const bool ranges : {false, true}) {
          for (const unsigned connections : kConnections) {
            CAPTURE(size);
            CAPTURE(more);
            CAPTURE(by_close);
            CAPTURE(ranges);
            World world;
            const std::uint64_t other = size + static_cast<std::uint64_t>(more);
            world.serve().size(size).no_validator().cut_at(size / 2).change_after(1, other);
            if (!ranges) world.script->no_ranges();
            world.script->on_every([by_close](Answer& answer, const Asking& asking) {
              if (asking.number > 1 && answer.head.status == 200) by_close ? answer.until_close() : answer.chunked();
            });
            const auto report = world.download(World::request(), with(connections));
            CHECK((by_close || report.ok()));
            if (report) CHECK(world.has("f", 1001, other));
            if (!report) CHECK(world.absent("f"));
          }
        }
      }
    }
  }
}

TEST_CASE("what goes on where a strong validator's resource is to end is not used to its end") {
  for (const bool partial : {false, true}) {
    for (const unsigned connections : kConnections) {
      World world;
      world.serve().size(600'000).cut_at(300'000).on_every([partial](Answer& answer, const Asking& asking) {
        if (asking.number == 1) return;
        const std::string range = answer.head.status == 206 ? *answer.head.find("Content-Range") : "";
        answer.sends(partial ? answer.begin : 0, 700'000);
        if (partial) answer.content_range(range);
        if (!partial) answer.head.status = 200;
        if (!partial) answer.drop("Content-Range");
        answer.chunked();
      });
      const auto report = world.download(World::request(), with(connections, 2));
      REQUIRE_FALSE(report.ok());
      CAPTURE(report.error().message());
      CHECK(report.error().cause == Cause::integrity);
      CHECK(world.absent("f"));
    }
  }
}

TEST_CASE("where what is to be compared is damaged, the claims before it are compared") {
  World world;
  interrupt(world);
  for (std::uint64_t at = 2 * kMiB; at < 3 * kMiB; at += kSegment) world.disk.flip("f.part", at + 5);
  world.serve().size(kSize).no_validator().on_every([](Answer& answer, const Asking&) { serve_version(answer, 0, 5); });
  const auto report = world.download();
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::changed);
  CHECK(world.absent("f"));
  CHECK(world.script->entry(1).find("Range")->starts_with("bytes=1048576-"));
}

TEST_CASE("what lies behind a damaged claim is never joined with the body that mends it, by whichever run") {
  for (const std::uint64_t damaged : {std::uint64_t{0}, 10 * kSegment, 190 * kSegment}) {
    for (const bool killed : {false, true}) {
      CAPTURE(damaged);
      CAPTURE(killed);
      World world;
      interrupt(world);
      world.disk.flip("f.part", damaged + 5);
      const auto other = [&](Answer& answer) { serve_version(answer, damaged, 5); };
      world.serve().size(kSize).no_validator().on_from(1, other).cut_at(damaged + kSegment + 1000, 99);
      REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
      if (killed) world.disk.kill();
      world.serve().size(kSize).no_validator().on_from(1, other);
      REQUIRE(world.download().ok());
      auto expected = pattern_bytes(1, kSize);
      const auto rest = pattern_bytes(5, kSize);
      const auto from = static_cast<std::ptrdiff_t>(damaged);
      std::copy(rest.begin() + from, rest.end(), expected.begin() + from);
      CHECK(world.disk.get("f") == expected);
    }
  }
}
