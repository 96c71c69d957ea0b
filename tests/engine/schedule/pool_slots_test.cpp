// Who may use a connection to which host, and when.
#include "engine/schedule/pool_scene.h"

#include <fmt/format.h>

#include <atomic>

using namespace segdl;
using namespace segdl::engine;

TEST_CASE("a host's slots double with its answers, up to what is allowed") {
  Scene scene({.connections = 8, .jobs = 1});
  std::vector<Slot> slots;
  for (const unsigned allowed : {1U, 2U, 4U, 8U, 8U}) {
    CAPTURE(allowed);
    while (Slot slot = scene.slot()) slots.push_back(std::move(slot));
    CHECK(slots.size() == allowed);
    for (Slot& slot : slots) slot.answered(1ms);
  }
}

TEST_CASE("each host has slots of its own, and a slot is for one host only") {
  Scene scene({.connections = 1, .jobs = 1});
  Slot first = scene.slot(origin("a.test"));
  REQUIRE(first);
  CHECK_FALSE(scene.slot(origin("a.test")));
  CHECK(scene.slot({true, "a.test", 80}));
  CHECK(scene.slot({false, "a.test", 81}));
  CHECK(first.is_for(origin("a.test")));
  CHECK_FALSE(first.is_for(origin("b.test")));
  first = {};
  CHECK(scene.slot(origin("a.test")));
}

TEST_CASE("after a refusal nobody enters before the time that was named, and then one goes first") {
  Scene scene({.connections = 8, .jobs = 1});
  auto slots = scene.answered_slots(3);
  const Instant opens = scene.clock.now() + 5s;
  slots[0].refused(opens);
  CHECK(slots[1].closed());
  slots.clear();
  CHECK_FALSE(scene.slot());
  auto entered = scene.pool->enter(origin(), {});
  REQUIRE(entered.ok());
  CHECK(scene.clock.now() == opens);
  CHECK(scene.clock.pauses() == std::vector{5000ms});
  CHECK_FALSE(entered->closed());
  CHECK_FALSE(scene.slot());
  entered->answered(1ms);
  CHECK(scene.slot());
}

TEST_CASE("who waits for a slot already waits for the gate as well") {
  Scene scene({.connections = 1, .jobs = 1});
  Slot held = scene.slot();
  auto entered = enter_beside(scene);
  until_waited_for(held);
  const Instant opens = scene.clock.now() + 60s;
  held.refused(opens);
  held = {};
  REQUIRE(entered.wait_for(kPatience) == std::future_status::ready);
  CHECK(entered.get().ok());
  CHECK(scene.clock.now() >= opens);
}

TEST_CASE("a slot that is given back goes to who waits") {
  Scene scene({.connections = 1, .jobs = 1});
  Slot held = scene.slot();
  auto entered = enter_beside(scene);
  until_waited_for(held);
  held = {};
  REQUIRE(entered.wait_for(kPatience) == std::future_status::ready);
  CHECK(entered.get().ok());
}

TEST_CASE("a stop request ends the wait for a slot") {
  Scene scene({.connections = 1, .jobs = 1});
  const Slot held = scene.slot();
  std::stop_source stop;
  auto entered = enter_beside(scene, stop.get_token());
  until_waited_for(held);
  stop.request_stop();
  REQUIRE(entered.wait_for(kPatience) == std::future_status::ready);
  CHECK(entered.get().error().cause == Cause::cancelled);
  CHECK_FALSE(held.wanted_elsewhere());
}

TEST_CASE("a stop request counts at a closed gate too") {
  Scene scene({.connections = 1, .jobs = 1});
  scene.slot().refused(scene.clock.now() + 60s);
  std::stop_source stop;
  stop.request_stop();
  const auto entered = scene.pool->enter(origin(), stop.get_token());
  REQUIRE_FALSE(entered.ok());
  CHECK(entered.error().cause == Cause::cancelled);
  CHECK(scene.clock.pauses().empty());
}

TEST_CASE("the time limit ends the wait for a slot") {
  Scene scene({.connections = 1, .jobs = 1});
  const Leading leading(*scene.pool);
  const Slot held = scene.slot();
  auto entered = enter_beside(scene, {}, scene.clock.now() + 10s);
  until_waited_for(held);
  scene.clock.advance(11s);
  REQUIRE(entered.wait_for(kPatience) == std::future_status::ready);
  const auto result = entered.get();
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().cause == Cause::network);
  CHECK(result.error().remedy == Remedy::stop);
  CHECK(result.error().subject == "a.test");
  CHECK(result.error().reason.find("time limit") != std::string::npos);
}

TEST_CASE("the time limit is not waited beyond at a closed gate") {
  Scene scene({.connections = 1, .jobs = 1});
  scene.slot().refused(scene.clock.now() + 60s);
  const Instant deadline = scene.clock.now() + 10s;
  const auto entered = scene.pool->enter(origin(), {}, deadline);
  REQUIRE_FALSE(entered.ok());
  CHECK(entered.error().cause == Cause::network);
  CHECK(scene.clock.now() == deadline);
}

TEST_CASE("a slot is wanted elsewhere while more are in use than the host allows") {
  Scene scene({.connections = 4, .jobs = 1});
  auto slots = scene.answered_slots(2);
  CHECK_FALSE(slots[0].wanted_elsewhere());
  slots[1].refused(scene.clock.now());
  CHECK(slots[0].wanted_elsewhere());
  slots.pop_back();
  CHECK_FALSE(slots[0].wanted_elsewhere());
}

TEST_CASE("of few hosts none is forgotten") {
  Scene scene({.connections = 0, .jobs = 1});
  scene.answered_slots(1);
  const unsigned learned = scene.pool->expected(origin());
  Helped helped(*scene.pool, origin("b.test"));
  const Leading leading(*scene.pool);
  scene.clock.advance(24h);
  REQUIRE(helped.tick_twice());
  CHECK(scene.pool->expected(origin()) == learned);
}

TEST_CASE(
    "a host that called \"not so many\" something else is asked twice for ten minutes, then it is as others are") {
  Scene scene({.connections = 8, .jobs = 8});
  std::vector<Slot> slots = scene.answered_slots(2);
  slots[1].was_crowded({1, 2, scene.clock.now()});
  slots.clear();
  for (int i = 0; i < 3; ++i) scene.slot().refused_for_another_reason({1, 2, scene.clock.now()});
  slots = scene.answered_slots(2);
  CHECK(slots[0].crowd({1, 2, scene.clock.now()}));
  scene.clock.advance(kNarrow);
  CHECK_FALSE(slots[0].crowd({1, 2, scene.clock.now()}));
  slots[1].was_crowded({1, 2, scene.clock.now()});
  CHECK(slots[0].crowd({1, 2, scene.clock.now()}));
  scene.clock.advance(kNarrow);
  CHECK(slots[0].crowd({1, 2, scene.clock.now()}));  // not one refusal has meant what it said since then
}

TEST_CASE("three repeated refusals are enough, but more where more connections are in use than were ever served") {
  Scene scene({.connections = 8, .jobs = 8});
  std::vector<Slot> slots = scene.answered_slots(2);
  slots.clear();
  for (int i = 0; i < 3; ++i) {
    slots.push_back(scene.slot());
    slots.push_back(scene.slot());
    CHECK(slots[0].crowd({1, 2, scene.clock.now()}));
    slots.clear();
    scene.slot().refused_for_another_reason({1, 2, scene.clock.now()});
  }
  slots = scene.answered_slots(2);
  CHECK_FALSE(slots[0].crowd({1, 2, scene.clock.now()}));
  slots.push_back(scene.slot());  // not answered yet
  CHECK(slots[2].crowd({1, 2, scene.clock.now()}));
  slots.clear();
  for (int i = 0; i < 2; ++i) scene.slot().refused_for_another_reason({1, 2, scene.clock.now()});
  slots = scene.answered_slots(2);
  slots.push_back(scene.slot());
  CHECK_FALSE(slots[2].crowd({1, 2, scene.clock.now()}));
}

// Connections that receive at every tick of the governor, for so long.
void receive_together(Scene& scene, Helped& helped, std::vector<Slot>& slots, bool paced = false, int ticks = 25) {
  for (int i = 0; i < ticks; ++i) {
    const int tick = helped.ticks.value();
    for (Slot& slot : slots) slot.received(1000, paced);
    scene.clock.advance(100ms);
    REQUIRE(helped.ticks.reaches(tick + 1));
  }
}

TEST_CASE("a host that has served as many connections together for two seconds has refused for another reason") {
  Scene scene({.connections = 8, .jobs = 8});
  Helped helped(*scene.pool, origin("b.test"));  // whose ticks are counted
  const Leading leading(*scene.pool);
  std::vector<Slot> slots = scene.answered_slots(2);
  const Doubts doubts{1, 2, scene.clock.now()};
  REQUIRE(slots[0].crowd(doubts));
  scene.clock.advance(3s);
  receive_together(scene, helped, slots, false, 15);
  CHECK(slots[0].crowd(doubts));  // a moment shows nothing
  receive_together(scene, helped, slots, false, 10);
  CHECK_FALSE(slots[0].crowd(doubts));
  CHECK(slots[0].crowd({1, 3, doubts.asked_at}));    // it has not served three
  CHECK(slots[0].crowd({1, 2, scene.clock.now()}));  // nor two since then
  for (int i = 0; i < 3; ++i) slots[0].refused_for_another_reason(doubts);
  CHECK_FALSE(slots[0].crowd({}));  // three such refusals are enough, as three that were repeated alone
}

TEST_CASE("what is read as slowly as the reader wants does not show how many connections a host serves") {
  Scene scene({.connections = 8, .jobs = 8});
  Helped helped(*scene.pool, origin("b.test"));
  const Leading leading(*scene.pool);
  std::vector<Slot> slots = scene.answered_slots(2);
  const Doubts doubts{1, 2, scene.clock.now()};
  receive_together(scene, helped, slots, true);
  CHECK(slots[0].crowd(doubts));
}

TEST_CASE(
    "who doubts a refusal waits for the others to end, lets them go on after a while, and knows when it is refuted") {
  Scene scene({.connections = 8, .jobs = 8});
  Helped helped(*scene.pool);
  const Leading leading(*scene.pool);
  REQUIRE(helped.came.reaches(1));
  std::vector<Slot> slots = scene.answered_slots(1);
  const Doubts doubts{1, 2, scene.clock.now()};
  slots[0].refused(scene.clock.now());  // so that no helper comes
  auto entered =
      std::async(std::launch::async, [&] { return scene.pool->enter(origin(), {}, scene.clock.now() + 10s, doubts); });
  until_waited_for(slots[0]);
  helped.assist.wants_workers = true;
  REQUIRE(helped.tick_twice());
  CHECK(helped.came.value() == 1);
  scene.clock.advance(2s);
  while (slots[0].wanted_elsewhere()) std::this_thread::yield();  // it is patient
  slots[0].answered(1ms);
  CHECK(helped.came.reaches(2));
  receive_together(scene, helped, slots);
  CHECK(entered.wait_for(0s) == std::future_status::timeout);
  slots.push_back(scene.slot());
  REQUIRE(slots[1]);
  for (int i = 0; entered.wait_for(1ms) != std::future_status::ready; ++i) {
    REQUIRE(i < 100);
    receive_together(scene, helped, slots);
  }
  const auto result = entered.get();
  REQUIRE_FALSE(result);
  CHECK(result.error().cause != Cause::cancelled);
}

TEST_CASE("of a long list of hosts the latest thousand are remembered, and longer those that have refused") {
  Scene scene({.connections = 4, .jobs = 1});
  const auto visit = [&scene](const std::string& host) {
    scene.clock.advance(1ms);
    return scene.slot(origin(host));
  };
  visit("refusing.test").refused(scene.clock.now() + 24h);
  Slot used = visit("used.test");
  std::size_t most = 0;
  for (int i = 0; i < 10'000; ++i) {
    REQUIRE(visit(std::to_string(i)));
    most = std::max(most, scene.pool->hosts());
  }
  CHECK(most <= 1252);
  CHECK_FALSE(visit("refusing.test"));
  CHECK(used.is_for(origin("used.test")));
  CHECK_FALSE(visit("used.test"));  // one is in use, and was not answered yet
}

TEST_CASE("nobody leaves a connection for a download that does not begin while its host gives nothing") {
  Counter begun, out;  // outlive the threads of the scene
  Scene scene({.connections = 8, .jobs = 4});
  const auto wait = [&](Slot slot) {
    slot.answered(1ms);
    begun.add();
    out.reaches(1);
    return slot;
  };
  scene.pool->submit(TaskId{0}, origin(), wait);
  REQUIRE(begun.reaches(1));
  Slot slot = scene.slot();
  slot.answered(1ms);
  scene.pool->stumbled(origin());
  scene.pool->submit(TaskId{1}, origin(), wait);
  CHECK_FALSE(slot.wanted_elsewhere());
  slot.alive();
  CHECK(begun.reaches(2));
  out.add();
}

TEST_CASE("no helper comes to a download whose workers wait, and one comes when they have waited") {
  Counter came, ticks;
  std::atomic<bool> waits = true;
  Scene scene({.connections = 8, .jobs = 1});
  const Leading leading(*scene.pool);
  Assist assist;
  assist.help = [&](const Slot&) { came.add(); };
  assist.tick = [&](Instant) { ticks.add(); };
  assist.is_held_up = [&](Instant) { return waits.load(); };
  assist.wants_workers = true;
  std::optional<OpenAssist> open;
  open.emplace(*scene.pool, assist, origin());
  REQUIRE(ticks.reaches(2));
  CHECK(came.value() == 0);
  waits = false;
  CHECK(came.reaches(1));
  open.reset();
}
