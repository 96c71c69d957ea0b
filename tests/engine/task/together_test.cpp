// Several workers on one download, in a world of fakes: what is asked, what is kept, what is published. The order in
// which threads run is the machine's, so the tests say what must hold in every order.
#include "support/every.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 64 * 16 * kKiB + 1000;

// Time passes with every request, so that near the end work is taken from others.
OriginScript& serve(World& world, std::uint64_t size) {
  return world.serve().size(size).on_every(
      [&world](Answer&, const Asking&) { world.clock.advance(std::chrono::milliseconds(200)); });
}

// A download that was killed with some segments claimed.
void interrupt_at(World& world, std::uint64_t offset) {
  world.serve().size(kSize).stall_at(offset, 99);
  SessionOptions once = with(1);
  once.retries = 0;
  REQUIRE_FALSE(world.download(World::request(), once).ok());
  world.disk.kill();
}

void check_sums(const Report& report) { CHECK(report.total == report.fetched + report.reused - report.wasted); }

}  // namespace

TEST_CASE("many workers publish the resource, and only that") {
  for (const unsigned connections : {2U, 8U, 32U}) {
    CAPTURE(connections);
    World world;
    serve(world, 24 * kMiB + 77);
    const auto report = world.download(World::request(), with(connections));
    REQUIRE(report.ok());
    CHECK(world.has("f", 1, 24 * kMiB + 77));
    CHECK(world.disk.names() == std::vector<std::string>{"f"});
    CHECK(report->connections > 1);
    CHECK(report->connections <= connections);
    check_sums(*report);
  }
}

TEST_CASE("what one worker was given no other asks for, but to hedge") {
  World world;
  serve(world, 24 * kMiB);
  const auto report = world.download(World::request(), with(4));
  REQUIRE(report.ok());
  std::uint64_t asked = 0;
  for (const Asking& asking : world.script->log()) asked += asking.sent;
  // The first response is left where another's part begins, with what was sent and not read.
  CHECK(asked >= report->fetched);
  CHECK(asked < report->fetched + 128 * kKiB);
  check_sums(*report);
}

TEST_CASE("a server that cuts every response is read to the end by many workers") {
  World world;
  serve(world, kSize).cut_every(5000);
  const auto report = world.download(World::request(), with(8));
  REQUIRE(report.ok());
  CHECK(world.has("f", 1, kSize));
  check_sums(*report);
}

TEST_CASE("a server that refuses all but one at a time is read to the end") {
  World world;
  serve(world, 24 * kMiB).on_every([](Answer& answer, const Asking& asking) {
    if (asking.active > 1) answer.status(503);
  });
  const auto report = world.download(World::request(), with(8));
  REQUIRE(report.ok());
  CHECK(world.has("f", 1, 24 * kMiB));
}

TEST_CASE("without retries a server may refuse the further connections") {
  World world;
  serve(world, 24 * kMiB).on_every([](Answer& answer, const Asking& asking) {
    if (asking.active > 2) answer.status(503);
  });
  SessionOptions options = with(8);
  options.retries = 0;
  REQUIRE(world.download(World::request(), options).ok());
  CHECK(world.has("f", 1, 24 * kMiB));
}

TEST_CASE("without retries a failure of one that others go on without does not end the download") {
  for (const bool in_body : {false, true}) {
    CAPTURE(in_body);
    bool failed = false;  // two in a row, with no progress between them, would end it
    World world;
    serve(world, 24 * kMiB).on_every([&](Answer& answer, const Asking& asking) {
      if (asking.active <= 2 || std::exchange(failed, true)) return;
      if (in_body) answer.reset_at = answer.begin + 1000;
      if (!in_body) answer.silent(WireEnd::reset);
    });
    SessionOptions options = with(8);
    options.retries = 0;
    REQUIRE(world.download(World::request(), options).ok());
    CHECK(world.has("f", 1, 24 * kMiB));
  }
}

TEST_CASE("without retries it ends where all fail, whoever is the last") {
  World world;
  serve(world, 24 * kMiB).on_every([](Answer& answer, const Asking& asking) {
    if (asking.number > 3) answer.silent(WireEnd::reset);
  });
  SessionOptions options = with(8);
  options.retries = 0;
  const auto report = world.download(World::request(), options);
  if (!report.ok()) CHECK(report.error().tries <= 2);
  CHECK(world.script->log().size() < 40);
}

TEST_CASE("what is refused beside others that are served is \"not so many\", whatever it is called") {
  CaseSample sample;
  for (const int status : {400, 401, 403, 404, 410, 429, 501, 503}) {
    for (const unsigned most : {1U, 3U}) {
      if (!sample.takes_next()) continue;
      CAPTURE(status);
      CAPTURE(most);
      World world;
      serve(world, 24 * kMiB).on_every([=](Answer& answer, const Asking& asking) {
        if (asking.active > most) answer.status(status);
      });
      REQUIRE(world.download(World::request(), with(8)).ok());
      CHECK(world.has("f", 1, 24 * kMiB));
    }
  }
}

TEST_CASE("a resource that changes under many workers is published in one version") {
  for (const unsigned request : {1U, 2U, 4U}) {
    CAPTURE(request);
    World world;
    serve(world, 24 * kMiB).change_after(request, 24 * kMiB);
    const auto report = world.download(World::request(), with(8));
    REQUIRE(report.ok());
    CHECK(world.has("f", 1001, 24 * kMiB));
    CHECK(report->restarts >= 1);
    check_sums(*report);
  }
}

TEST_CASE("a server that serves no ranges any more ends in one stream, and right") {
  for (const unsigned request : {1U, 3U, 6U}) {
    CAPTURE(request);
    World world;
    serve(world, 24 * kMiB).no_ranges_after(request);
    const auto report = world.download(World::request(), with(8));
    REQUIRE(report.ok());
    CHECK(world.has("f", 1, 24 * kMiB));
    check_sums(*report);
  }
}

TEST_CASE("a server that always cuts at the same places is given up by many workers too") {
  World world;
  serve(world, kSize).cut_at(40'000, 100'000).cut_at(700'000, 100'000);
  SessionOptions options = with(8);
  options.retries = 3;
  const auto report = world.download(World::request(), options);
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::network);
  CHECK(report.error().resumable);
  CHECK(world.absent("f"));
}

TEST_CASE("a link that gives its resource once gives all of it") {
  CaseSample sample;
  for (const int status : {401, 403, 404, 410, 503}) {
    for (const unsigned connections : {1U, 8U}) {
      for (const std::uint64_t size : {kSize, 24 * kMiB}) {
        for (const bool named : {true, false}) {
          if (!sample.takes_next()) continue;
          CAPTURE(status);
          CAPTURE(connections);
          World world;
          serve(world, size).on_from(2, [status](Answer& answer) { answer.status(status); });
          if (!named) world.script->no_validator();
          const auto report = world.download(World::request(), with(connections));
          REQUIRE(report.ok());
          CHECK(world.has("f", 1, size));
          if (connections == 1) CHECK(world.script->log().size() == 1);
        }
      }
    }
  }
}

TEST_CASE("a link that gives its resource a few times gives all of it") {
  CaseSample sample;
  for (const int status : {204, 403, 404, 410}) {
    for (const unsigned connections : {0U, 2U, 8U}) {
      for (const unsigned times : {2U, 3U, 5U, 9U}) {
        for (const std::uint64_t size : {kSize, 6 * kMiB, 12 * kMiB, 24 * kMiB}) {
          if (!sample.takes_next()) continue;
          CAPTURE(status);
          CAPTURE(connections);
          CAPTURE(times);
          CAPTURE(size);
          World world;
          world.serve().size(size).on_from(times + 1, [status](Answer& answer) { answer.status(status); });
          REQUIRE(world.download(World::request(), with(connections)).ok());
          CHECK(world.has("f", 1, size));
        }
      }
    }
  }
}

TEST_CASE("a server that has a 200 for the range of everything is asked for others if it says that it serves them") {
  for (const bool says : {true, false}) {
    for (const bool serves : {true, false}) {
      for (const unsigned connections : {1U, 8U}) {
        CAPTURE(says);
        CAPTURE(serves);
        CAPTURE(connections);
        World world;
        serve(world, 24 * kMiB).on_every([says, serves](Answer& answer, const Asking& asking) {
          if (says) answer.set("Accept-Ranges", "bytes");
          const std::string* range = asking.find("Range");
          if (range != nullptr && *range != "bytes=0-" && serves) return;
          answer.sends(0, 24 * kMiB).drop("Content-Range").head.status = 200;
        });
        const auto report = world.download(World::request(), with(connections));
        REQUIRE(report.ok());
        CHECK(world.has("f", 1, 24 * kMiB));
        if (connections == 8) CHECK((report->connections > 1) == says);
        if (connections == 1) CHECK(world.script->log().size() == 1);
      }
    }
  }
}

TEST_CASE("a refusal that does not pass ends the work of all") {
  World world;
  serve(world, 24 * kMiB).cut_at(2 * kMiB, 99).on_from(3, [](Answer& answer) { answer.status(403); });
  const auto report = world.download(World::request(), with(8));
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().http_status == 403);
  CHECK(world.absent("f"));
  world.disk.kill();
  serve(world, 24 * kMiB);
  REQUIRE(world.download(World::request(), with(8)).ok());
  CHECK(world.has("f", 1, 24 * kMiB));
}

TEST_CASE("a resume by many workers fetches what is not claimed, and a flipped byte's segment") {
  World world;
  interrupt_at(world, 30 * 16 * kKiB + 5000);
  world.disk.flip("f.part", 7 * 16 * kKiB + 77);
  serve(world, kSize);
  const auto report = world.download(World::request(), with(8));
  REQUIRE(report.ok());
  CHECK(world.has("f", 1, kSize));
  CHECK(report->revoked == 16 * kKiB);
  CHECK(report->reused == 29 * 16 * kKiB);
  check_sums(*report);
}

TEST_CASE("a death at any moment under many workers publishes nothing wrong") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 150; ++i) {
    const std::uint64_t k = 1 + random() % 400;
    const bool power = random() % 2 == 0;
    CAPTURE(k);
    CAPTURE(power);
    World world;
    serve(world, kSize);
    world.disk.crash_at(k, random() % 2 == 0);
    const auto report = world.download(World::request(), with(6));
    if (report.ok()) CHECK(world.has("f", 1, kSize));  // what is left to remove is a note
    power ? world.disk.power_cut(seed + k) : world.disk.kill();
    if (const auto output = world.disk.get("f")) CHECK(is_pattern(*output, 1, kSize));
    const bool complete = world.disk.names() == std::vector<std::string>{"f"};
    serve(world, kSize);
    const auto rerun = world.download(World::request(), with(6));
    CHECK((rerun.ok() || complete));
    CHECK(world.has("f", 1, kSize));
    CHECK(world.disk.names() == std::vector<std::string>{"f"});
    if (rerun.ok() && !power) CHECK(rerun->revoked == 0);
    if (rerun.ok()) check_sums(*rerun);
  }
}

TEST_CASE("a failing disk ends the work of all with its first error, and the rerun succeeds") {
  for (const char* kind : {"write", "sync", "sync-mapping"}) {
    for (std::uint64_t nth = 1; nth < 40; nth += 3) {
      CAPTURE(kind);
      CAPTURE(nth);
      World world;
      serve(world, kSize);
      world.disk.fail_kind(kind, nth, "Input/output error", true);
      const auto report = world.download(World::request(), with(6));
      if (!world.disk.fired()) break;
      REQUIRE_FALSE(report.ok());
      CHECK(report.error().cause == Cause::local);
      world.disk.kill();
      serve(world, kSize);
      REQUIRE(world.download(World::request(), with(6)).ok());
      CHECK(world.has("f", 1, kSize));
    }
  }
}
