// Servers that are away for a while, or for good: how long segdl waits, and the error then.
#include "core/schedule/backoff.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <utility>

using namespace segdl;
using namespace segdl::test;
using std::chrono::seconds;

namespace {

constexpr std::uint64_t kSize = 2 * kMiB + 1000;

// After its first answer, which is cut, the server is silent for this time.
void go_away_for(World& world, seconds time) {
  world.serve().size(kSize).cut_at(kMiB);
  world.script->on_every([&world, time, until = Instant::max()](Answer& answer, const Asking& asking) mutable {
    if (asking.number == 1) until = world.clock.now() + time;
    if (asking.number > 1 && world.clock.now() < until) answer.silent(WireEnd::reset);
  });
}

// Every request fails like this.
Error failure(std::function<void(Answer&)> fault, const SessionOptions& options = {}) {
  World world;
  world.serve().size(kSize).on_from(1, std::move(fault));
  auto report = world.download(World::request(), options);
  REQUIRE_FALSE(report.ok());
  return report.error();
}

}  // namespace

TEST_CASE("a server that was there and goes away is waited for, two minutes at the least") {
  for (const unsigned connections : kConnections) {
    for (const int time : {15, 60, 120}) {
      CAPTURE(connections);
      CAPTURE(time);
      World world;
      go_away_for(world, seconds(time));
      const auto report = world.download(World::request(), with(connections));
      REQUIRE(report.ok());
      CHECK(world.has("f", 1, kSize));
      CHECK(report->elapsed >= seconds(time));
      if (connections == 1)
        CHECK(report->elapsed < seconds(time + 16));  // of several each adds its pauses to the clock
    }
  }
}

TEST_CASE("where no range is served any more all of it is asked for within seconds") {
  for (const unsigned connections : kConnections) {
    for (const int status : {0, 500, 503}) {
      for (const bool date : {false, true}) {
        CAPTURE(connections);
        CAPTURE(status);
        CAPTURE(date);
        World world;
        world.serve().size(8 * kMiB).on_every([status](Answer& answer, const Asking& asking) {
          if (asking.find("Range") == nullptr) return;
          if (asking.number <= 3) {
            answer.cut_at = answer.begin + kMiB;
          } else if (status == 0) {
            answer.silent(WireEnd::reset);
          } else {
            answer.status(status);
          }
        });
        if (date) world.script->etag("").last_modified("Tue, 01 Jan 2019 00:00:00 GMT");
        const auto report = world.download(World::request(), with(connections));
        REQUIRE(report.ok());
        CHECK(world.has("f", 1, 8 * kMiB));
        if (connections == 1) CHECK(report->elapsed < seconds(5));  // of several each adds its pauses to the clock
      }
    }
  }
}

TEST_CASE("a server that stays away is given up after some minutes, and what came is kept") {
  for (const unsigned connections : kConnections) {
    CAPTURE(connections);
    World world;
    go_away_for(world, std::chrono::hours(1));
    const Instant begun = world.clock.now();
    const auto report = world.download(World::request(), with(connections));
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().remedy == Remedy::retry);
    CHECK(report.error().resumable);
    CHECK(world.clock.now() - begun >= kOutage);
    CHECK(world.clock.now() - begun < std::chrono::minutes(3));
    world.disk.kill();
    world.serve().size(kSize);
    const auto rerun = world.download(World::request(), with(connections));
    REQUIRE(rerun.ok());
    CHECK(rerun->reused > 0);
  }
}

TEST_CASE("the number of tries and their time bound the waiting, also after answers") {
  for (const unsigned connections : kConnections) {
    CAPTURE(connections);
    World world;
    go_away_for(world, std::chrono::hours(1));
    REQUIRE_FALSE(world.download(World::request(), with(connections, 2)).ok());
    CHECK(world.script->log().size() <= 1 + connections + 5);  // some of them in simpler ways as well
    SessionOptions timed = with(connections);
    timed.retry_max_time = seconds(20);
    const Instant begun = world.clock.now();
    REQUIRE_FALSE(world.download(World::request(), timed).ok());
    CHECK(world.clock.now() - begun <= seconds(20));
  }
}

TEST_CASE("a fault that passes is told as one when the tries are spent, with what to do") {
  const Error busy = failure([](Answer& answer) { answer.status(503).set("Retry-After", "40"); });
  CHECK(busy.cause == Cause::refused);
  CHECK(busy.remedy == Remedy::retry);
  CHECK(busy.retry_after == seconds(40));
  CHECK(busy.tries == 6);
  CHECK(describe(busy.hints).find("40 s") != std::string::npos);
  const Error limited = failure([](Answer& answer) { answer.status(429); });
  CHECK(limited.remedy == Remedy::retry);
  CHECK(describe(limited.hints).find("fewer connections") != std::string::npos);
  const Error broken = failure([](Answer& answer) { answer.silent(WireEnd::reset); });
  CHECK(broken.cause == Cause::network);
  CHECK(broken.remedy == Remedy::retry);
  CHECK_FALSE(broken.hints.empty());
  CHECK(broken.message().find("(6 tries)") != std::string::npos);
}

TEST_CASE("what does not pass is no fault to retry") {
  const Error gone = failure([](Answer& answer) { answer.status(404); });
  CHECK(gone.remedy == Remedy::stop);
  CHECK(gone.tries == 0);
  CHECK_FALSE(gone.hints.empty());
}

TEST_CASE("a time limit that ends the tries leaves the fault as it is") {
  SessionOptions options;
  options.max_time = seconds(1);
  const Error broken = failure([](Answer& answer) { answer.silent(WireEnd::reset); }, options);
  CHECK(broken.remedy == Remedy::retry);
  CHECK(broken.tries > 0);
}
