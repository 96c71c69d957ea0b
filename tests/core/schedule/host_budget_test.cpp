// Slow start and refusals: single events, and simulated hosts with workers that want all they can get.
#include "core/schedule/host_budget.h"

#include "host_model.h"

#include <doctest/doctest.h>

using namespace segdl;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Instant = HostBudget::Instant;

namespace {

constexpr bool kAdaptive = true;
constexpr bool kExplicit = false;

Instant at(milliseconds time) { return Instant(time); }

void enter(HostBudget& budget, unsigned many) {
  for (unsigned i = 0; i < many; ++i) budget.enter();
}

// So many are in use and answered.
HostBudget serving(unsigned many) {
  HostBudget budget(64, kExplicit);
  for (unsigned i = 0; i < many; ++i) {
    budget.enter();
    budget.answered(at(milliseconds(i)), milliseconds(1));
  }
  return budget;
}

}  // namespace

TEST_CASE("one goes first, and only its answer lets a second follow") {
  HostBudget budget(8, kExplicit);
  CHECK(budget.allowed() == 1);
  CHECK(budget.may_enter(at(milliseconds(0))));
  budget.enter();
  CHECK_FALSE(budget.may_enter(at(milliseconds(5))));
  budget.answered(at(milliseconds(10)), milliseconds(10));
  CHECK(budget.may_enter(at(milliseconds(10))));
  CHECK(budget.allowed() == 2);
}

TEST_CASE("nothing is allowed for answers while what is allowed is not in use") {
  HostBudget budget(64, kExplicit);
  budget.enter();
  for (int i = 0; i < 100; ++i) budget.answered(at(milliseconds(10 * i)), milliseconds(10));
  CHECK(budget.allowed() == 2);
}

TEST_CASE("volleys double up to the number asked for, with long bodies") {
  HostBudget budget(64, kExplicit);
  HostModel host({.latency = milliseconds(50), .body = 1e12, .step = milliseconds(1)});
  unsigned expected = 1;
  while (expected < 64) {
    host.run(budget, milliseconds(52));
    expected *= 2;
    CAPTURE(expected);
    CHECK(budget.allowed() == expected);
  }
  host.run(budget, seconds(1));
  CHECK(budget.allowed() == 64);
  CHECK(budget.in_use() == 64);
}

TEST_CASE("volleys double with short bodies too") {
  HostBudget budget(64, kExplicit);
  HostModel host({.latency = milliseconds(50), .connection = 1e12, .body = 100, .step = milliseconds(1)});
  host.run(budget, milliseconds(52 * 7));
  CHECK(budget.allowed() == 64);
}

TEST_CASE("a redirect may lead beyond what is allowed, which is left before more are let in") {
  HostBudget budget(2, kExplicit);
  enter(budget, 3);
  for (int i = 0; i < 3; ++i) budget.answered(at(milliseconds(i)), milliseconds(1));
  CHECK(budget.allowed() == 2);
  budget.leave();
  CHECK_FALSE(budget.may_enter(at(milliseconds(9))));
  budget.leave();
  CHECK(budget.may_enter(at(milliseconds(9))));
}

TEST_CASE("the refusals of one volley tell together how many are served") {
  HostBudget budget = serving(2);
  enter(budget, 2);
  budget.refused(at(milliseconds(20)), at(milliseconds(270)));
  budget.leave();
  budget.refused(at(milliseconds(21)), at(milliseconds(200)));
  budget.leave();
  CHECK(budget.allowed() == 2);
  CHECK(budget.opens() == at(milliseconds(270)));
  CHECK_FALSE(budget.may_enter(at(milliseconds(1000))));
  budget.leave();
  CHECK_FALSE(budget.may_enter(at(milliseconds(269))));
  CHECK(budget.may_enter(at(milliseconds(270))));
}

TEST_CASE("refusals that name no time are one volley for as long as an answer takes") {
  HostBudget budget = serving(4);
  enter(budget, 4);
  for (int i = 0; i < 4; ++i) {
    budget.refused(at(milliseconds(20)), at(milliseconds(20)));
    budget.leave();
  }
  CHECK(budget.allowed() == 4);
  CHECK_FALSE(budget.may_enter(at(milliseconds(20))));
  budget.answered(at(milliseconds(21)), milliseconds(1));
  CHECK(budget.allowed() == 4);
}

TEST_CASE("those that were served and left before the refusals came are counted as served") {
  HostBudget budget = serving(2);
  enter(budget, 2);
  budget.answered(at(milliseconds(5)), milliseconds(1));
  budget.leave();
  budget.leave();
  budget.refused(at(milliseconds(6)), at(milliseconds(250)));
  budget.refused(at(milliseconds(6)), at(milliseconds(250)));
  CHECK(budget.allowed() == 2);
}

TEST_CASE("after a refusal of everything only one goes first, and its refusal does not let another in") {
  HostBudget budget = serving(16);
  for (int i = 0; i < 16; ++i) budget.refused(at(milliseconds(100)), at(milliseconds(2100)));
  for (int i = 0; i < 16; ++i) budget.leave();
  for (int i = 0; i < 4; ++i) {
    const auto opens = budget.opens();
    CHECK(budget.allowed() == 1);
    CHECK_FALSE(budget.may_enter(opens - milliseconds(1)));
    CHECK(budget.may_enter(opens));
    budget.enter();
    CHECK_FALSE(budget.may_enter(opens + milliseconds(20)));
    budget.refused(opens + milliseconds(20), opens + seconds(2));
    budget.leave();
  }
  budget.enter();
  budget.answered(budget.opens() + milliseconds(20), milliseconds(20));
  CHECK(budget.allowed() == 2);
}

TEST_CASE("a host that serves nobody is left alone for longer with each refusal, until one is served") {
  HostBudget budget(8, kExplicit);
  milliseconds now{0};
  for (const int pause : {125, 250, 500, 1000, 2000, 4000, 7500, 7500}) {
    CAPTURE(pause);
    REQUIRE(budget.may_enter(at(now)));
    budget.enter();
    budget.refused(at(now), std::nullopt);
    budget.leave();
    CHECK_FALSE(budget.may_enter(at(now + milliseconds(pause - 1))));
    now += milliseconds(pause);
  }
  budget.enter();
  budget.answered(at(now), milliseconds(1));
  budget.leave();
  budget.enter();
  budget.refused(at(now + seconds(1)), std::nullopt);
  CHECK(budget.opens() == at(now + seconds(1) + milliseconds(125)));
}

TEST_CASE("a host that serves others is not left alone after a refusal that names no time") {
  HostBudget budget = serving(3);
  budget.enter();
  budget.refused(at(milliseconds(100)), std::nullopt);
  budget.leave();
  CHECK(budget.opens() == at(milliseconds(100)));
  CHECK(budget.allowed() == 3);
}

TEST_CASE("one goes first after a refusal also when those that were served have ended meanwhile") {
  HostBudget budget = serving(16);
  budget.refused(at(milliseconds(100)), at(milliseconds(2100)));
  for (int i = 0; i < 16; ++i) budget.leave();
  CHECK(budget.may_enter(at(milliseconds(2100))));
  budget.enter();
  CHECK_FALSE(budget.may_enter(at(milliseconds(2110))));
  budget.answered(at(milliseconds(2120)), milliseconds(20));
  CHECK(budget.may_enter(at(milliseconds(2120))));
}

TEST_CASE("a limit that was learned outlasts a time in which everything is refused") {
  HostModel host({.serves = 2,
                  .refuses_all = [](double s) { return s > 5 && s < 15; },
                  .retry_after = seconds(2),
                  .workers = 16,
                  .body = 4 * kMiBps});
  HostBudget budget(16, kExplicit);
  host.run(budget, seconds(18));
  CHECK(budget.allowed() == 2);
  const unsigned before = host.refusals;
  host.run(budget, seconds(10));
  CHECK(host.refusals == before);
}

TEST_CASE("a refusal of everything teaches no limit: soon after it is over all are used again") {
  HostModel host({.refuses_all = [](double s) { return s > 2 && s < 7; },
                  .retry_after = seconds(2),
                  .workers = 16,
                  .body = 4 * kMiBps});
  HostBudget budget(16, kExplicit);
  host.run(budget, seconds(2));
  CHECK(budget.in_use() == 16);
  host.run(budget, seconds(8));
  CHECK(budget.allowed() == 16);
  CHECK(host.refusals <= 16 + 4);
}

TEST_CASE("one that leaves without an answer, when it went first after a refusal, does not close the gate for ever") {
  HostBudget budget(8, kExplicit);
  budget.enter();
  budget.refused(at(milliseconds(1)), at(milliseconds(10)));
  budget.leave();
  budget.enter();
  budget.leave();
  CHECK(budget.may_enter(at(milliseconds(11))));
}

TEST_CASE("429 with Retry-After 2 to everything for 5 s: one request per two seconds") {
  for (const bool adaptive : {kExplicit, kAdaptive}) {
    HostModel host({.refuses_all = [](double s) { return s < 5; }, .retry_after = seconds(2), .workers = 16});
    HostBudget budget(16, adaptive);
    host.run(budget, seconds(5));
    CHECK(host.requests <= 4);
    host.run(budget, seconds(5));
    CHECK(budget.in_use() >= 8);
  }
}

TEST_CASE("a host that serves 2 at a time, asked for 16, refuses a handful, and 2 stay at work") {
  for (const bool adaptive : {kExplicit, kAdaptive}) {
    for (const bool keeps_place : {false, true}) {
      for (const double body : {1 * kMiBps, 16 * kMiBps, 1e12}) {
        for (const milliseconds retry_after : {milliseconds(0), milliseconds(250)}) {
          CAPTURE(adaptive);
          CAPTURE(keeps_place);
          CAPTURE(body);
          CAPTURE(retry_after.count());
          HostModel host(
              {.serves = 2, .retry_after = retry_after, .workers = 16, .body = body, .keeps_place = keeps_place});
          HostBudget budget(16, adaptive);
          host.run(budget, seconds(60));
          CHECK(host.refusals >= 1);
          CHECK(host.refusals <= 4);
          CHECK(host.received >= 0.8 * 60 * 16 * kMiBps);
          host.run(budget, seconds(120));
          CHECK(host.refusals <= 6);
        }
      }
    }
  }
}

TEST_CASE("a limit learned is tried again after 30 s, then after 60 s, 120 s, ...") {
  HostModel host({.serves = 2, .workers = 16, .body = 4 * kMiBps});
  HostBudget budget(16, kExplicit);
  host.run(budget, seconds(25));
  const unsigned first = host.refusals;
  host.run(budget, seconds(10));  // 35
  CHECK(host.refusals == first + 1);
  host.run(budget, seconds(50));  // 85
  CHECK(host.refusals == first + 1);
  host.run(budget, seconds(20));  // 105
  CHECK(host.refusals == first + 2);
  host.run(budget, seconds(100));  // 205
  CHECK(host.refusals == first + 2);
  host.run(budget, seconds(30));  // 235
  CHECK(host.refusals == first + 3);
}

TEST_CASE("a limit that was lifted is noticed when it is tried again") {
  for (const bool adaptive : {kExplicit, kAdaptive}) {
    for (const unsigned limit : {2U, 7U}) {
      CAPTURE(adaptive);
      CAPTURE(limit);
      HostModel host({.serves = limit, .workers = 16, .body = 4 * kMiBps});
      HostBudget budget(16, adaptive);
      host.run(budget, seconds(20));
      CHECK(budget.in_use() <= limit);
      host.serves = 100;
      host.run(budget, seconds(40));
      CHECK(budget.allowed() == 16);
    }
  }
}

TEST_CASE("a limit that fell is learned anew") {
  HostModel host({.serves = 8, .workers = 16, .body = 4 * kMiBps});
  HostBudget budget(16, kExplicit);
  host.run(budget, seconds(20));
  CHECK(budget.allowed() == 8);
  host.serves = 3;
  host.run(budget, seconds(20));
  const unsigned before = host.refusals;
  CHECK(budget.allowed() <= 3);
  CHECK(before <= 30);
  host.run(budget, seconds(20));
  CHECK(host.refusals - before <= 2);
  CHECK(budget.in_use() == 3);
}

TEST_CASE("a single refusal within a limit that was served does not lower it") {
  HostModel host({.serves = 4, .workers = 16, .body = 4 * kMiBps});
  HostBudget budget(16, kExplicit);
  host.run(budget, seconds(10));
  CHECK(budget.allowed() == 4);
  budget.refused(host.now, host.now + milliseconds(250));
  CHECK(budget.allowed() == 3);
  host.run(budget, seconds(3));
  CHECK(budget.allowed() == 4);
}

TEST_CASE("never fewer than one is allowed, never more than asked for, whatever happens") {
  std::uint64_t random = 7;
  const auto draw = [&random](unsigned below) {
    random = random * 6364136223846793005U + 1442695040888963407U;
    return static_cast<unsigned>(random >> 33) % below;
  };
  for (unsigned round = 0; round < 200; ++round) {
    const unsigned most = 1 + draw(20);
    HostBudget budget(most, round % 2 == 0);
    Instant now{};
    std::uint64_t bytes = 0;
    for (int i = 0; i < 500; ++i) {
      now += milliseconds(draw(400));
      bytes += draw(1'000'000);
      switch (draw(6)) {
        case 0:
          budget.measured(now, bytes);
          break;
        case 1:
          if (budget.in_use() > 0) budget.leave();
          break;
        case 2:
          budget.refused(now, now + milliseconds(draw(300)));
          break;
        case 3:
          budget.answered(now, milliseconds(draw(100)));
          break;
        default:
          if (budget.may_enter(now) || draw(20) == 0) budget.enter();
      }
      REQUIRE(budget.allowed() >= 1);
      REQUIRE(budget.allowed() <= most);
    }
    // Once it serves everything again, one more can always be let in.
    while (budget.in_use() > 0) budget.leave();
    REQUIRE(budget.may_enter(budget.opens()));
  }
}

TEST_CASE("a refusal that proves to be of another reason leaves no limit behind") {
  HostBudget budget = serving(2);
  const unsigned before = budget.allowed();
  enter(budget, 1);
  budget.refused(at(milliseconds(10)), at(milliseconds(10)));
  budget.leave();
  CHECK(budget.allowed() < before);
  budget.unlearn();
  CHECK(budget.allowed() == before);
  CHECK(budget.may_enter(at(milliseconds(11))));
}
