// Servers that cut every body before its end: what is here is not fetched again, and a download that does not get on
// ends. By one worker and by many, fresh and on a resume; the order in which threads run is the machine's.
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSegment = 16 * kKiB;
constexpr std::uint64_t kSize = 64 * kSegment + 1000;

// How much of a body of so many bytes is sent, by the number of the request.
using Sent = std::function<std::uint64_t(std::uint64_t, unsigned)>;

struct Cut {
  std::string name;
  Sent sent;
};

const std::vector<Cut> kCuts{
    {"n / 2", [](std::uint64_t n, unsigned) { return n / 2; }},
    {"n - 1", [](std::uint64_t n, unsigned) { return n - 1; }},
    {"n - 3000", [](std::uint64_t n, unsigned) { return n - std::min<std::uint64_t>(n, 3000); }},
    {"0.9 n", [](std::uint64_t n, unsigned) { return n * 9 / 10; }},
};

// Time passes with every request, so that near the end work is taken from others.
OriginScript& serve(World& world, std::uint64_t size, const Sent& sent) {
  return world.serve().size(size).on_every([&world, sent](Answer& answer, const Asking& asking) {
    world.clock.advance(std::chrono::milliseconds(200));
    const std::uint64_t bytes = answer.end - answer.begin;
    if (const std::uint64_t some = sent(bytes, asking.number); some < bytes) answer.cut_at = answer.begin + some;
  });
}

std::uint64_t sent_by(const World& world) {
  const auto log = world.script->log();
  return std::accumulate(log.begin(), log.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Asking& asking) { return sum + asking.sent; });
}

// A download that was killed with some segments claimed.
void interrupt_at(World& world, std::uint64_t offset) {
  world.serve().size(kSize).stall_at(offset, 99);
  SessionOptions once = with(1);
  once.retries = 0;
  REQUIRE_FALSE(world.download(World::request(), once).ok());
  world.disk.kill();
}

// It has ended, out of tries, with what it has; the same request continues once the server is well.
void check_ended(World& world, const Result<Report>& report, unsigned connections) {
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::network);
  CHECK(report.error().remedy == Remedy::retry);
  CHECK(report.error().tries > 5);
  CHECK(report.error().resumable);
  CHECK(world.absent("f"));
  world.disk.kill();
  world.serve().size(kSize);
  const auto rerun = world.download(World::request(), with(connections));
  REQUIRE(rerun.ok());
  CHECK(rerun->reused > 0);
  CHECK(world.has("f", 1, kSize));
}

}  // namespace

TEST_CASE("where every body is cut, no byte that is here is sent again but by a hedge, and there is an end") {
  for (const Cut& cut : kCuts) {
    for (const unsigned connections : {1U, 8U}) {
      for (const bool resumes : {false, true}) {
        CAPTURE(cut.name);
        CAPTURE(connections);
        CAPTURE(resumes);
        World world;
        if (resumes) interrupt_at(world, 30 * kSegment + 5000);
        serve(world, kSize, cut.sent);
        const auto report = world.download(World::request(), with(connections));
        CHECK(world.script->log().size() <= 200);
        // One hedge for each worker at most, in each of the six rounds without progress.
        CHECK(sent_by(world) <= kSize + (connections - 1) * 6 * kSegment);
        check_ended(world, report, connections);
      }
    }
  }
}

TEST_CASE("a server that cuts what is long is read to the end") {
  const std::vector<Cut> cuts{
      {"after 4 KiB", [](std::uint64_t n, unsigned) { return std::min<std::uint64_t>(n, 4 * kKiB); }},
      {"half of the long ones", [](std::uint64_t n, unsigned) { return n > 6000 ? n / 2 : n; }},
      {"one in three", [](std::uint64_t n, unsigned number) { return number % 3 == 0 ? n : n / 2; }},
      {"two in three", [](std::uint64_t n, unsigned number) { return number % 3 == 1 ? n : n - 1; }},
  };
  for (const Cut& cut : cuts) {
    for (const unsigned connections : {1U, 8U}) {
      CAPTURE(cut.name);
      CAPTURE(connections);
      World world;
      serve(world, kSize, cut.sent);
      const auto report = world.download(World::request(), with(connections));
      REQUIRE(report.ok());
      CHECK(world.has("f", 1, kSize));
      CHECK(report->total == report->fetched + report->reused - report->wasted);
      CHECK(sent_by(world) <= kSize + (connections - 1) * 6 * kSegment);
    }
  }
}

TEST_CASE("a server that always gives a part of what is asked for is read to the end, without a failed try") {
  const std::vector<Cut> parts{
      {"half", [](std::uint64_t n, unsigned) { return std::max<std::uint64_t>(1, n / 2); }},
      {"an eighth", [](std::uint64_t n, unsigned) { return std::max<std::uint64_t>(1, n / 8); }},
      {"five bytes less", [](std::uint64_t n, unsigned) { return n > 5 ? n - 5 : 1; }},
  };
  for (const Cut& part : parts) {
    for (const unsigned connections : {1U, 8U}) {
      for (const bool resumes : {false, true}) {
        CAPTURE(part.name);
        CAPTURE(connections);
        CAPTURE(resumes);
        World world;
        if (resumes) interrupt_at(world, 30 * kSegment + 5000);
        world.serve().size(kSize).on_every([&part](Answer& answer, const Asking& asking) {
          answer.sends(answer.begin, answer.begin + part.sent(answer.end - answer.begin, asking.number));
        });
        const auto report = world.download(World::request(), with(connections, 0));
        REQUIRE(report.ok());
        CHECK(world.has("f", 1, kSize));
        CHECK(report->retries == 0);
      }
    }
  }
}

TEST_CASE("a server that gives a byte at a time is not asked for ever") {
  for (const unsigned connections : {1U, 8U}) {
    World world;
    world.serve().size(kSize).on_every(
        [](Answer& answer, const Asking&) { answer.sends(answer.begin, answer.begin + 1); });
    REQUIRE_FALSE(world.download(World::request(), with(connections)).ok());
    CHECK(world.script->log().size() <= 100);
  }
}

TEST_CASE("a stall at the same place at every try ends, on a resume too") {
  for (const unsigned connections : {1U, 8U}) {
    for (const bool resumes : {false, true}) {
      CAPTURE(connections);
      CAPTURE(resumes);
      World world;
      if (resumes) interrupt_at(world, 30 * kSegment + 5000);
      world.serve().size(kSize).stall_at(40 * kSegment + 5000, OriginScript::kAlways);
      const auto report = world.download(World::request(), with(connections));
      CHECK(world.script->log().size() <= 200);
      check_ended(world, report, connections);
    }
  }
}

TEST_CASE("a small resource goes on where it was cut, and ends if it does not get on") {
  SUBCASE("gets on") {
    World world;
    serve(world, kSegment, [](std::uint64_t n, unsigned) { return std::min<std::uint64_t>(n, 5000); });
    const auto report = world.download();
    REQUIRE(report.ok());
    CHECK(world.has("f", 1, kSegment));
    CHECK(report->fetched == kSegment);
    CHECK(report->wasted == 0);
  }
  SUBCASE("does not get on") {
    for (const char* etag : {"\"v1\"", "W/\"v1\"", ""}) {
      CAPTURE(etag);
      World world;
      serve(world, kSegment, [](std::uint64_t n, unsigned) { return n - 1; }).etag(etag);
      const auto report = world.download();
      REQUIRE_FALSE(report.ok());
      CHECK(report.error().cause == Cause::network);
      CHECK(world.script->log().size() <= 7);
      CHECK(world.disk.names().empty());
    }
  }
  SUBCASE("comes in parts that can't be joined") {
    World world;
    world.serve().size(kSegment).etag("").on_every([](Answer& answer, const Asking& asking) {
      if (asking.number == 1) answer.cut_at = 5000;
      if (asking.number == 1) return;
      answer.end = answer.begin + 6000;
      answer.head.content_length = 6000;
      answer.set("Content-Length", "6000").content_range("bytes 0-5999/16384");
    });
    const auto report = world.download();
    REQUIRE_FALSE(report.ok());
    CHECK(world.script->log().size() <= 8);
  }
  SUBCASE("changes after a cut") {
    World world;
    world.serve().size(kSegment).cut_at(5000).change_after(1, kSegment);
    const auto report = world.download();
    REQUIRE(report.ok());
    CHECK(world.has("f", 1001, kSegment));
  }
}

TEST_CASE("a stream that begins again gets on only if it comes clearly further than ever before") {
  for (const std::uint64_t step : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{5000}}) {
    CAPTURE(step);
    World world;
    serve(world, kSize, [step](std::uint64_t n, unsigned number) {
      return std::min(n - 1, n / 2 + step * number);
    }).no_ranges();
    const auto report = world.download();
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::network);
    CHECK(world.script->log().size() == 7);
    CHECK(world.absent("f"));
  }
}

TEST_CASE("where no ranges are served any more, what is read again on the way is no progress") {
  World world;
  serve(world, kSize, [](std::uint64_t n, unsigned number) {
    return std::min(n - 1, n / 2 + 5000 * number);
  }).no_ranges_after(1);
  const auto report = world.download();
  CHECK(world.script->log().size() <= 9);
  CHECK(sent_by(world) <= 8 * kSize);
  check_ended(world, report, 1);
}

TEST_CASE("a server that sends less than was asked for is asked on as long as that brings something") {
  for (const std::uint64_t part : {std::uint64_t{1}, std::uint64_t{5000}}) {
    for (const unsigned connections : {1U, 8U}) {
      CAPTURE(part);
      CAPTURE(connections);
      World world;
      world.serve().size(kSize).on_every([&world, part](Answer& answer, const Asking& asking) {
        world.clock.advance(std::chrono::milliseconds(200));
        answer.end = std::min(answer.end, answer.begin + (asking.number == 1 ? 3 * kSegment : part));
        answer.head.content_length = answer.end - answer.begin;
        answer.set("Content-Length", std::to_string(answer.head.content_length));
        answer.content_range(fmt::format("bytes {}-{}/{}", answer.begin, answer.end - 1, kSize));
      });
      const auto report = world.download(World::request(), with(connections));
      if (part > 1) {
        REQUIRE(report.ok());
        if (connections == 1) CHECK(report->retries == 0);  // of many, one may hedge in vain
        CHECK(world.has("f", 1, kSize));
      } else {
        CHECK(world.script->log().size() <= 60);
        check_ended(world, report, connections);
      }
    }
  }
}

TEST_CASE("a server that is busy for good is given up by many workers too") {
  for (const int status : {429, 503}) {
    for (int round = 0; round < 20; ++round) {
      CAPTURE(status);
      World world;
      world.serve()
          .size(kSize)
          .cut_at(3 * kSegment + 5000)
          .on_every([&world, status](Answer& answer, const Asking& asking) {
            world.clock.advance(std::chrono::milliseconds(200));
            if (asking.number > 1) answer.status(status);
          });
      const auto report = world.download(World::request(), with(8));
      REQUIRE_FALSE(report.ok());
      CHECK(report.error().http_status == status);
      CHECK(world.script->log().size() <= 60);
    }
  }
}

TEST_CASE("workers to whom all of the resource is sent, and breaks, don't leave it to one another for ever") {
  for (const unsigned connections : {1U, 8U}) {
    for (int round = 0; round < 10; ++round) {
      CAPTURE(connections);
      World world;
      world.serve().size(kSize).stall_at(kSize * 3 / 4, 99);
      REQUIRE_FALSE(world.download(World::request(), with(connections)).ok());
      world.disk.kill();
      world.serve().size(kSize).no_ranges().cut_at(2 * kSegment, OriginScript::kAlways);
      const auto report = world.download(World::request(), with(connections));
      REQUIRE_FALSE(report.ok());
      CHECK(world.script->log().size() <= 20);
    }
  }
}
