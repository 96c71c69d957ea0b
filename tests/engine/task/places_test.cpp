// Where the bytes of a body belong, and how sure that is: of heads that leave it open, of framing that lies, and of
// ends that come where none should be.
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <string>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSegment = 16 * kKiB;
constexpr std::uint64_t kSize = 40 * kSegment + 1000;

std::string text_of(std::uint64_t seed, Range range, std::uint64_t size) {
  const auto bytes = pattern_bytes(seed, size);
  return {reinterpret_cast<const char*>(bytes.data()) + range.begin, range.size()};
}

// The same bytes in one chunk whose size covers all of them and is wrong: there is framing in the middle.
std::string lying_chunk(const std::string& body, std::size_t at) {
  return fmt::format("{:x}\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n", body.size(), body.substr(0, at), body.size() - at,
                     body.substr(at));
}

bool mentions(const std::vector<std::string>& notes, const std::string& text) {
  return std::any_of(notes.begin(), notes.end(), [&](const auto& n) { return n.find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("the bytes of a range in a 200 without a length are never taken for the first ones") {
  for (const unsigned claimed : {1U, 10U, 19U}) {  // so that the body is longer than what lies before its range
    for (const bool chunked : {true, false}) {
      for (const unsigned connections : kConnections) {
        CAPTURE(claimed);
        CAPTURE(chunked);
        CAPTURE(connections);
        World world;
        world.serve().size(kSize).stall_at(claimed * 16 * kKiB + 500, 99);
        REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
        world.disk.kill();
        world.serve().size(kSize).on_every([chunked](Answer& answer, const Asking& asking) {
          if (asking.find("Range") == nullptr) return;
          answer.head.status = 200;
          answer.drop("Content-Range");
          chunked ? answer.chunked() : answer.until_close();
        });
        const auto report = world.download(World::request(), with(connections));
        REQUIRE(report.ok());
        CHECK(report->reused == claimed * 16 * kKiB);
        CHECK(world.has("f", 1, kSize));
      }
    }
  }
}

TEST_CASE("a 200 without a length that answers the first request is all of the resource") {
  for (const bool strong : {true, false}) {
    for (const bool named : {true, false}) {  // into a file, or to a consumer
      CAPTURE(strong);
      CAPTURE(named);
      World world;
      world.serve().size(kSize).no_ranges().on_every([](Answer& answer, const Asking&) { answer.chunked(); });
      if (!strong) world.script->no_validator();
      std::vector<std::byte> given;
      Request request = World::request();
      if (!named) {
        request.consumer = [&given](std::span<const std::byte> bytes) {
          given.insert(given.end(), bytes.begin(), bytes.end());
          return Result<void>();
        };
      }
      REQUIRE(world.download(std::move(request)).ok());
      CHECK((named ? world.has("f", 1, kSize) : given == pattern_bytes(1, kSize)));
      CHECK(world.script->log().size() == 1);
    }
  }
}

TEST_CASE("what goes on behind the range of a 206 that ends with its connection is not the range") {
  for (const unsigned connections : kConnections) {
    World world;
    world.serve().size(9 * kMiB).on_every([](Answer& answer, const Asking& asking) {
      if (asking.find("Range") == nullptr) return;
      const std::string range = *answer.head.find("Content-Range");
      answer.sends(0, 9 * kMiB);  // everything, whatever was asked for
      answer.content_range(range).until_close();
    });
    const auto report = world.download(World::request(), with(connections));
    CAPTURE(connections);
    CAPTURE(report.ok() ? "" : report.error().message());
    REQUIRE(report.ok());
    CHECK(world.has("f", 1, 9 * kMiB));
  }
}

TEST_CASE("a 206 that ends with its connection is taken where that stays open, too") {
  World world;
  world.serve().size(9 * kMiB).on_every([](Answer& answer, const Asking&) {
    answer.until_close();
    answer.ending = WireEnd::stall;
  });
  const Instant begun = world.clock.now();
  REQUIRE(world.download(World::request(), with(1)).ok());
  CHECK(world.has("f", 1, 9 * kMiB));
  CHECK(world.clock.now() - begun < std::chrono::seconds(5));
}

TEST_CASE("a lying size of a chunk too large to be held costs no claim its truth") {
  constexpr std::uint64_t kLarge = 6 * kMiB;
  const std::string all = lying_chunk(text_of(1, {0, kLarge}, kLarge), kLarge - kMiB);
  for (const bool cut : {false, true}) {
    const std::string wire = all.substr(0, all.size() - (cut ? 100'000 : 0));
    for (const unsigned connections : kConnections) {
      CAPTURE(cut);
      CAPTURE(connections);
      World world;
      world.serve().size(kLarge).cut_at(2 * kMiB + 5).on_every([&wire](Answer& answer, const Asking& asking) {
        if (asking.number < 2 || asking.number > 5) return;
        answer.sends(0, kLarge);
        answer.head.status = 200;
        answer.drop("Content-Range").chunked();
        answer.raw(answer.head_text() + wire);
      });
      const auto report = world.download(World::request(), with(connections));
      REQUIRE(report.ok());
      CHECK(world.has("f", 1, kLarge));
    }
  }
}

TEST_CASE("a whole resource in a chunk too large to be held is not joined with what was there, and arrives") {
  World world;
  world.serve().size(6 * kMiB).stall_at(5 * kMiB, 99);
  REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
  world.disk.kill();
  world.serve().size(6 * kMiB).no_ranges().on_every([](Answer& answer, const Asking&) {
    const std::string all = text_of(1, {0, 6 * kMiB}, 6 * kMiB);
    answer.chunked();
    answer.raw(answer.head_text() + fmt::format("{:x}\r\n{}\r\n0\r\n\r\n", all.size(), all));
  });
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(world.has("f", 1, 6 * kMiB));
  CHECK(mentions(report->notes, "in one piece"));
  CHECK(report->restarts == 1);
}

TEST_CASE("a body without a strong validator that ends inside the last segment is not the end of the download") {
  for (const unsigned claimed : {1U, 20U, 39U}) {
    for (const unsigned less : {1U, 999U, 1001U}) {
      CAPTURE(claimed);
      CAPTURE(less);
      World world;
      world.serve().size(kSize).no_validator().stall_at(claimed * kSegment + 500, 99);
      REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
      world.disk.kill();
      world.serve().size(kSize).no_validator().on(1, [less](Answer& answer) {
        answer.sends(answer.begin, kSize - less);
        answer.total(kSize);
      });
      REQUIRE(world.download(World::request(), with(1)).ok());
      CHECK(world.has("f", 1, kSize));
    }
  }
}

TEST_CASE(
    "two bodies that an earlier run has joined without a strong validator are told of by the run that publishes") {
  for (const bool after_publishing : {false, true}) {
    CAPTURE(after_publishing);
    constexpr std::uint64_t kLarge = 5 * kMiB;
    World world;
    world.serve().size(kLarge).no_validator().stall_at(3 * kMiB + 100, 99);
    REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
    world.disk.kill();
    world.serve().size(kLarge).no_validator();
    world.disk.fail_kind(after_publishing ? "remove" : "rename", 1, "Input/output error", true);
    static_cast<void>(world.download());
    world.disk.kill();
    world.serve().size(kLarge).no_validator();
    const auto report = world.download();
    REQUIRE(report.ok());
    CHECK(world.has("f", 1, kLarge));
    CHECK(mentions(report->notes, "joined with what was here after comparing 1048576 bytes"));
    CHECK(world.script->log().empty());
  }
}

TEST_CASE("a page that comes where a file was, without a validator, is never published in its place") {
  for (const bool ranges : {false, true}) {
    for (const bool sized : {false, true}) {
      for (const std::uint64_t size : {std::uint64_t{10'000}, kSize}) {
        for (const char* type : {"Text/HTML; charset=utf-8", "", "application/x-page", "text/plain"}) {
          for (const unsigned connections : kConnections) {
            CAPTURE(ranges);
            CAPTURE(sized);
            CAPTURE(size);
            CAPTURE(std::string(type));
            CAPTURE(connections);
            World world;
            world.serve().size(size).no_validator().cut_at(size / 2);
            if (!ranges) world.script->no_ranges();
            world.script->on_every([sized, type](Answer& answer, const Asking& asking) {
              answer.set("Content-Type", "Application/Zip; q=1");
              if (asking.number == 1) return;
              answer.page(200, 32);
              if (*type != 0) answer.set("Content-Type", type);
              if (!sized) answer.chunked();
            });
            const auto report = world.download(World::request(), with(connections, 2));
            REQUIRE_FALSE(report.ok());
            CHECK(report.error().cause == Cause::changed);
            CHECK(world.absent("f"));
          }
        }
      }
    }
  }
}

TEST_CASE("a page that comes where a file of no type was is not published in its place, whatever its length") {
  for (const std::uint64_t size : {std::uint64_t{32}, kSize}) {
    for (const unsigned connections : kConnections) {
      CAPTURE(size);
      CAPTURE(connections);
      World world;
      world.serve().size(kSize).no_validator().no_ranges().cut_at(kSize / 2);
      world.script->on_every([size](Answer& answer, const Asking& asking) {
        if (asking.number > 1) answer.page(200, size).set("Content-Type", "text/html");
      });
      const auto report = world.download(World::request(), with(connections, 2));
      REQUIRE_FALSE(report.ok());
      CHECK(report.error().cause == Cause::changed);
      CHECK(world.absent("f"));
    }
  }
}

TEST_CASE("a new version of a file that is no page, or was one, is published where it came without a validator") {
  for (const char* type : {"application/zip", "text/html", ""}) {
    for (const bool ranges : {false, true}) {
      for (const unsigned connections : kConnections) {
        CAPTURE(std::string(type));
        CAPTURE(ranges);
        CAPTURE(connections);
        World world;
        world.serve().size(kSize).no_validator().cut_at(kSize / 2).change_after(1, kSize + 5);
        if (!ranges) world.script->no_ranges();
        world.script->on_every([type](Answer& answer, const Asking&) {
          if (*type != 0) answer.set("Content-Type", type);
        });
        REQUIRE(world.download(World::request(), with(connections)).ok());
        CHECK(world.has("f", 1001, kSize + 5));
      }
    }
  }
}
