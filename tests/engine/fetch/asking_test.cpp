// How a server is asked after answers that can't be used: one is that request's misfortune, and what repeats is
// learned. With one connection, with eight, and on a resume.
#include "support/every.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

using namespace segdl;
using namespace segdl::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kSize = 18 * kMiB + 1000;
constexpr std::uint64_t kSmall = 6 * kMiB + 1000;
constexpr std::uint64_t kStopped = 2 * kMiB;

enum class Way { one, eight, resume };

struct Outcome {
  World world;
  Result<Report> report = Error();
  std::vector<test::Asking> log;

  std::size_t count(const std::function<bool(const test::Asking&)>& such) const {
    return static_cast<std::size_t>(std::count_if(log.begin(), log.end(), such));
  }
  std::size_t whole() const {
    return count([](const test::Asking& asking) { return asking.find("Range") == nullptr; });
  }
  std::size_t conditional() const {
    return count([](const test::Asking& asking) { return asking.find("If-Range") != nullptr; });
  }
};

// A download from a server that is changed like this; on a resume, the second half of it.
void download(Outcome& outcome, Way way, const std::function<void(OriginScript&)>& change) {
  World& world = outcome.world;
  SessionOptions options;
  options.connections = way == Way::eight ? 8 : 1;
  if (way == Way::resume) {
    options.retries = 0;
    world.serve().size(kSize).stall_at(kStopped, 99);
    REQUIRE_FALSE(world.download(World::request(), options).ok());
    world.disk.kill();
    options.retries = 5;
  }
  // Time passes with every request, so spans stay small, and no part is larger, so there are many.
  change(world.serve().size(kSize).on_every([&world](Answer& answer, const test::Asking&) {
    world.clock.advance(10s);
    if (answer.head.status == 206) answer.sends(answer.begin, std::min(answer.end, answer.begin + 4 * kMiB));
  }));
  outcome.report = world.download(World::request(), options);
  outcome.log = world.script->log();
  REQUIRE(outcome.report.ok());
  CHECK(world.has("f", 1, kSize));
}

// Nothing was fetched twice or later than it could be. Among eight, for whom time leaps with every request, some seem
// to have fallen silent, and their work goes to others.
bool undisturbed(const Outcome& outcome, Way way) {
  return way == Way::eight || (outcome.report->wasted == 0 && outcome.report->retries == 0);
}

void spoil(Answer& answer) {
  if (answer.head.status == 206)
    answer.set("Content-Range", fmt::format("bytes {}-{}/*", answer.begin + 1, answer.end));
}

}  // namespace

TEST_CASE("two odd answers don't change how everything else is asked for") {
  for (const Way way : {Way::one, Way::eight, Way::resume}) {
    CAPTURE(static_cast<int>(way));
    Outcome outcome;
    download(outcome, way, [](OriginScript& script) { script.on(3, spoil).on(4, spoil); });
    CHECK(outcome.whole() == 0);
    if (way == Way::eight) continue;  // the two may be the latest of all when they are looked at: that is repeating
    const bool last_is_conditional = outcome.log.back().find("If-Range") != nullptr;
    CHECK(last_is_conditional);
    CHECK(outcome.report->wasted == 0);
  }
}

TEST_CASE("an odd answer now and then is asked for again, each time without If-Range, and nothing is given up") {
  for (const Way way : {Way::one, Way::eight, Way::resume}) {
    CAPTURE(static_cast<int>(way));
    Outcome outcome;
    download(outcome, way, [](OriginScript& script) {
      script.on_every([](Answer& answer, const test::Asking& asking) {
        if (asking.number % 3 == 0 && asking.find("If-Range") != nullptr) spoil(answer);
      });
    });
    CHECK(outcome.whole() == 0);
    CHECK(undisturbed(outcome, way));
  }
}

TEST_CASE("a server that never serves a range with If-Range is asked without it from the second time on") {
  for (const Way way : {Way::one, Way::eight, Way::resume}) {
    for (const bool drops : {true, false}) {
      CAPTURE(static_cast<int>(way));
      CAPTURE(drops);
      Outcome outcome;
      download(outcome, way, [drops](OriginScript& script) {
        if (drops) {
          script.drop_range_if_etag_if_range();
        } else {
          script.on_every([](Answer& answer, const test::Asking& asking) {
            if (asking.find("If-Range") != nullptr) spoil(answer);
          });
        }
      });
      CHECK(outcome.whole() == 0);
      CHECK(outcome.conditional() >= 1);
      CHECK(outcome.conditional() <= (way == Way::eight ? 8 : 1));
      CHECK(undisturbed(outcome, way));
    }
  }
}

TEST_CASE("a server that serves ranges for a while, and then only odd ones, is read in one piece") {
  for (const Way way : {Way::one, Way::eight, Way::resume}) {
    CAPTURE(static_cast<int>(way));
    Outcome outcome;
    download(outcome, way, [](OriginScript& script) { script.on_from(4, spoil); });
    CHECK(outcome.whole() >= 1);
  }
}

TEST_CASE("a server whose answers to ranges can't be read is read in one piece, and an odd one now and then is not") {
  for (const Way way : {Way::one, Way::eight, Way::resume}) {
    for (const bool always : {true, false}) {
      CAPTURE(static_cast<int>(way));
      CAPTURE(always);
      Outcome outcome;
      download(outcome, way, [always](OriginScript& script) {
        script.on_every([always](Answer& answer, const test::Asking& asking) {
          if (asking.find("Range") != nullptr && (always || asking.number % 3 == 1)) answer.raw("<html>");
        });
      });
      CHECK(outcome.whole() == (always ? 1 : 0));
    }
  }
}

TEST_CASE("a body longer than its range is forgiven once, and what repeats is asked for in a simpler way") {
  for (const bool repeats : {false, true}) {
    CAPTURE(repeats);
    Outcome outcome;
    download(outcome, Way::one, [repeats](OriginScript& script) {
      script.on_every([repeats](Answer& answer, const test::Asking& asking) {
        if (answer.head.status != 206 || asking.number < 2 || (!repeats && asking.number > 2)) return;
        if (asking.find("If-Range") == nullptr) return;
        answer.chunked().end += 100;
      });
    });
    CHECK(outcome.whole() == 0);
    const bool last_is_conditional = outcome.log.back().find("If-Range") != nullptr;
    CHECK(last_is_conditional != repeats);
  }
}

namespace {

// What bounds the tries: their number, or their time, with or without the pause that would come.
std::vector<SessionOptions> bounds(unsigned connections) {
  std::vector<SessionOptions> all(6, with(connections));
  all[1].retries = 0;
  all[2].retries = 2;
  all[3].retry_max_time = 100ms;
  all[4].retry_max_time = 2s;
  all[5].max_time = 3s;
  return all;
}

}  // namespace

TEST_CASE("before a refusal is final all was asked for in simpler ways, whatever bounds the tries") {
  CaseSample sample;
  for (const unsigned connections : kConnections) {
    for (const SessionOptions& options : bounds(connections)) {
      for (const int status : {403, 500, 503, 0}) {  // 0: the connection is closed
        for (const char* field : {"If-Range", "Range"}) {
          if (!sample.takes_next()) continue;
          CAPTURE(connections);
          CAPTURE(options.retries.value_or(99));
          CAPTURE(options.retry_max_time.value_or(99s).count());
          CAPTURE(options.max_time.count());
          CAPTURE(status);
          CAPTURE(field);
          World world;
          world.serve().size(kSmall).stall_at(kStopped, 99);
          REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
          world.disk.kill();
          world.serve().size(kSmall).on_every([=](Answer& answer, const test::Asking& asking) {
            if (asking.find(field) == nullptr) return;
            if (status == 0) answer.silent(WireEnd::close);
            if (status != 0) answer.status(status);
          });
          CHECK(world.download(World::request(), options).ok());
          CHECK(world.has("f", 1, kSmall));
        }
      }
    }
  }
}

TEST_CASE("where only the beginning is given and breaks off, the last of many workers asks for all of it") {
  for (int round = 0; round < 20; ++round) {
    for (const int status : {403, 503}) {
      CAPTURE(round);
      CAPTURE(status);
      World world;
      world.serve().size(kSmall).cut_at(5 * kMiB + 77).on_every([status](Answer& answer, const test::Asking& asking) {
        if (answer.begin > 0 && asking.find("Range") != nullptr) answer.status(status);
      });
      auto result = world.download(World::request(), with(8, 0));
      if (!result) MESSAGE(result.error().message());
      CHECK(result.ok());
      CHECK(world.has("f", 1, kSmall));
    }
  }
}

TEST_CASE("a refusal that came while others asked as well is not final for the one they have left behind") {
  for (const unsigned connections : {2U, 8U}) {
    for (const int status : {403, 503}) {
      CAPTURE(connections);
      CAPTURE(status);
      World world;
      // The leader asks for the rest beside the others, and gets its refusal once they have given up.
      const auto leader = std::this_thread::get_id();
      const auto leads = [leader] { return std::this_thread::get_id() == leader; };
      std::atomic<bool> asked_for_rest = false;
      std::atomic<bool> too_late = false;
      world.serve().size(kSmall).cut_at(5 * kMiB + 77).on_every([&](Answer& answer, const test::Asking& asking) {
        if (answer.begin == 0 || asking.find("Range") == nullptr) return;
        answer.status(status);
        if (leads()) asked_for_rest = true;
      });
      world.answered = [&](const engine::TaskProgress& shown) {
        const auto until = std::chrono::steady_clock::now() + 10s;
        const bool is_first = leads() && !asked_for_rest;
        const auto may_go = [&] {
          return is_first || (leads() ? shown.progress().connections == 1 : asked_for_rest.load());
        };
        while (!may_go() && !too_late) {
          std::this_thread::sleep_for(1ms);
          if (std::chrono::steady_clock::now() > until) too_late = true;
        }
      };
      auto result = world.download(World::request(), with(connections, 0));
      if (!result) MESSAGE(result.error().message());
      CHECK(result.ok());
      CHECK(world.has("f", 1, kSmall));
      CHECK_FALSE(too_late.load());
    }
  }
}

TEST_CASE(
    "where ranges break off all of a resource without a strong validator is asked for, and a page is none of it") {
  for (const char* etag : {"", "W/\"a\""}) {
    for (const std::uint64_t size : {std::uint64_t{10'000}, kSmall}) {
      for (const bool resumes : {false, true}) {
        if (resumes && size < kStopped) continue;
        for (const bool is_page : {false, true}) {
          for (const unsigned connections : kConnections) {
            CAPTURE(etag);
            CAPTURE(size);
            CAPTURE(resumes);
            CAPTURE(is_page);
            CAPTURE(connections);
            World world;
            world.serve().size(size).no_validator().etag(etag).stall_at(kStopped, 99);
            if (resumes) REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
            world.disk.kill();
            world.serve().size(size).no_validator().etag(etag).on_every(
                [=](Answer& answer, const test::Asking& asking) {
                  if (asking.find("Range") != nullptr) {
                    answer.cut_at = answer.begin + 1000;
                  } else if (is_page) {
                    answer.page(200, 32).set("ETag", "W/\"32\"");
                  }
                });
            const auto report = world.download(World::request(), with(connections));
            CHECK(report.ok() == !is_page);
            CHECK((is_page ? world.absent("f") : world.has("f", 1, size)));
          }
        }
      }
    }
  }
}

TEST_CASE("a server that gives nothing of a range, or a few bytes, is asked for all of it in the end") {
  for (const unsigned connections : kConnections) {
    for (const bool resumes : {false, true}) {
      for (const bool promises : {false, true}) {
        if (promises && connections > 1) continue;  // which of several is the last one is chance
        CAPTURE(connections);
        CAPTURE(resumes);
        CAPTURE(promises);
        World world;
        world.serve().size(kSmall).stall_at(kStopped, 99);
        if (resumes) REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
        world.disk.kill();
        world.serve().size(kSmall).on_every([promises](Answer& answer, const test::Asking& asking) {
          if (asking.find("Range") == nullptr) return;
          if (promises) answer.cut_at = answer.begin + 1000;
          if (!promises) answer.silent(WireEnd::stall);
        });
        CHECK(world.download(World::request(), with(connections)).ok());
        CHECK(world.has("f", 1, kSmall));
        CHECK(world.script->log().back().find("Range") == nullptr);
      }
    }
  }
}
