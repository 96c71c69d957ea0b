// The threads of a session: who leads, and who helps.
#include "engine/base/descriptors.h"
#include "engine/schedule/pool_scene.h"

using namespace segdl;
using namespace segdl::engine;

TEST_CASE("downloads begin in the order in which they were given") {
  Counter done;
  Scene scene({.connections = 4, .jobs = 1});
  std::vector<int> order;
  std::vector<int> expected;
  for (int i = 0; i < 50; ++i) {
    expected.push_back(i);
    scene.pool->submit(TaskId{static_cast<unsigned>(i)}, origin(), [&, i](Slot slot) {
      order.push_back(i);  // one at a time: needs no lock
      done.add();
      return slot;
    });
  }
  REQUIRE(done.reaches(50));
  CHECK(order == expected);
}

TEST_CASE("so many downloads as jobs are led at once, and no more, however few the connections") {
  Counter running, done;
  std::latch three(3);
  Scene scene({.connections = 1, .jobs = 3});
  for (int i = 0; i < 30; ++i) {
    scene.pool->submit(TaskId{static_cast<unsigned>(i)}, origin(), [&, i](Slot slot) {
      slot = {};  // as who has all, and publishes it
      running.add();
      if (i < 3) three.arrive_and_wait();  // the first three are under way together
      running.add(-1);
      done.add();
      return slot;
    });
  }
  REQUIRE(done.reaches(30));
  CHECK(running.most() == 3);
}

TEST_CASE("a download that has not begun can be taken back, and one that has cannot") {
  Counter begun, out, done;
  Scene scene({.connections = 4, .jobs = 1});
  scene.pool->submit(TaskId{1}, origin(), [&](Slot slot) {
    begun.add();
    out.reaches(1);
    return slot;
  });
  scene.pool->submit(TaskId{2}, origin(), [&](Slot slot) {
    FAIL("it was taken back");
    return slot;
  });
  scene.pool->submit(TaskId{3}, origin(), [&](Slot slot) {
    done.add();
    return slot;
  });
  REQUIRE(begun.reaches(1));
  CHECK(scene.pool->has_tasks());
  CHECK_FALSE(scene.pool->withdraw(TaskId{1}));
  CHECK(scene.pool->withdraw(TaskId{2}));
  CHECK_FALSE(scene.pool->withdraw(TaskId{2}));
  out.add();
  REQUIRE(done.reaches(1));
  CHECK_FALSE(scene.pool->withdraw(TaskId{3}));
}

TEST_CASE("a hungry share is helped by as many as the host allows, and by no more") {
  Scene scene({.connections = 4, .jobs = 1});
  const Leading leading(*scene.pool);
  const auto leaders = scene.answered_slots(1);
  Helped helped(*scene.pool);
  for (int count = 1; count <= 3; ++count) {
    REQUIRE(helped.came.reaches(count));
    scene.pool->request_workers(helped.assist);
  }
  REQUIRE(helped.tick_twice());
  CHECK(helped.inside.most() == 3);
  CHECK(helped.assist.wants_workers.load());
  CHECK_FALSE(scene.slot());
}

TEST_CASE("one helper more than was answered is not sent") {
  Scene scene({.connections = 4, .jobs = 1});
  const Leading leading(*scene.pool);
  Slot first = scene.slot();
  Helped helped(*scene.pool);
  helped.answers = false;
  REQUIRE(helped.tick_twice());
  CHECK(helped.came.value() == 0);
  first.answered(1ms);
  REQUIRE(helped.came.reaches(1));
  scene.pool->request_workers(helped.assist);
  REQUIRE(helped.tick_twice());
  CHECK(helped.came.value() == 1);
}

TEST_CASE("a share that is not hungry is left alone, and nobody is busy with nothing") {
  Counter came, ticks;
  Scene scene({.connections = 8, .jobs = 1});
  const Leading leading(*scene.pool);
  Assist assist;
  assist.help = [&](Slot slot) {
    slot.answered(1ms);
    came.add();  // and finds nothing to do
  };
  assist.tick = [&](Instant) {
    scene.pool->request_workers(assist);  // as a download does that has work which others hold
    ticks.add();
  };
  std::optional<OpenAssist> open;
  open.emplace(*scene.pool, assist, origin());
  REQUIRE(ticks.reaches(10));
  open.reset();
  CHECK(came.value() >= 1);
  CHECK(came.value() <= ticks.value());
}

TEST_CASE("no more helpers come than can go in while the gate is closed, and they come when it opens") {
  Scene scene({.connections = 4, .jobs = 1});
  const Leading leading(*scene.pool);
  scene.answered_slots(2).front().refused(scene.clock.now() + 60s);
  Helped helped(*scene.pool);
  REQUIRE(helped.tick_twice());
  CHECK(helped.came.value() == 0);
  scene.clock.advance(60s);
  CHECK(helped.came.reaches(1));
}

TEST_CASE("who has opened a share gets it back when nobody is inside any more") {
  Scene scene({.connections = 1, .jobs = 1});
  Helped helped(*scene.pool);
  REQUIRE(helped.came.reaches(1));
  auto closed = std::async(std::launch::async, [&] {
    helped.open.reset();
    return helped.inside.value();
  });
  helped.out.add();
  REQUIRE(closed.wait_for(kPatience) == std::future_status::ready);
  CHECK(closed.get() == 0);
}

TEST_CASE("a share is not closed under its own tick") {
  Counter inside, closing, closes;
  Scene scene({.connections = 1, .jobs = 1});
  const Leading leading(*scene.pool);
  Assist assist;
  assist.help = [](Slot) {};
  assist.tick = [&](Instant) {
    inside.add();
    closing.reaches(1);
    closes.reaches(1, std::chrono::milliseconds(300));  // which it must not before this returns
    inside.add(-1);
  };
  std::optional<OpenAssist> open;
  open.emplace(*scene.pool, assist, origin());
  REQUIRE(inside.reaches(1));
  auto closed = std::async(std::launch::async, [&] {
    closing.add();
    open.reset();
    const int within = inside.value();
    closes.add();
    return within;
  });
  REQUIRE(closed.wait_for(kPatience) == std::future_status::ready);
  CHECK(closed.get() == 0);
}

TEST_CASE("a share that has moved is helped at its new host") {
  Scene scene({.connections = 2, .jobs = 1});
  const Leading leading(*scene.pool);
  const auto all = scene.answered_slots(2, origin("a.test"));
  Helped helped(*scene.pool, origin("a.test"));
  helped.answers = false;
  REQUIRE(helped.tick_twice());
  CHECK(helped.came.value() == 0);
  scene.pool->moved(helped.assist, origin("b.test"));
  REQUIRE(helped.came.reaches(1));
  CHECK_FALSE(scene.slot(origin("b.test")));
  const std::size_t hosts = scene.pool->hosts();
  helped.out.add();
  helped.open.reset();
  scene.pool->moved(helped.assist, origin("c.test"));  // by a redirect that came last: it is nowhere any more
  CHECK(scene.pool->hosts() == hosts);
}

TEST_CASE("downloads that wait for a slot go before helpers") {
  Scene scene({.connections = 1, .jobs = 1});
  Slot held = scene.slot();
  Helped helped(*scene.pool);
  for (int round = 0; round < 100; ++round) {
    auto entered = enter_beside(scene);
    until_waited_for(held);
    scene.pool->request_workers(helped.assist);
    held = {};
    REQUIRE(entered.wait_for(kPatience) == std::future_status::ready);
    auto slot = entered.get();
    REQUIRE(slot.ok());
    REQUIRE(helped.came.value() == 0);
    held = std::move(*slot);
  }
  held = {};
  CHECK(helped.came.reaches(1));
}

TEST_CASE("several shares are helped in turn") {
  Scene scene({.connections = 4, .jobs = 1});
  const Leading leading(*scene.pool);
  auto slots = scene.answered_slots(2);  // 4 are allowed
  Helped first(*scene.pool);
  Helped second(*scene.pool);
  CHECK(first.came.reaches(1));
  CHECK(second.came.reaches(1));
}

TEST_CASE("many downloads that share few connections all come to their end") {
  Counter done, inside;
  Scene scene({.connections = 3, .jobs = 6});
  for (int i = 0; i < 300; ++i) {
    scene.pool->submit(TaskId{static_cast<unsigned>(i)}, origin(), [&, i](Slot slot) {
      if (i % 3 == 0) {  // it has paused
        slot = {};
        auto again = scene.pool->enter(origin(), {});
        if (!again) return slot;
        slot = std::move(*again);
      }
      inside.add();
      slot.answered(1ms);
      inside.add(-1);
      if (i % 2 == 0) slot = {};
      done.add();
      return slot;
    });
  }
  REQUIRE(done.reaches(300));
  CHECK(inside.most() <= 3);
}

TEST_CASE("a helper is told to go when a download waits to begin") {
  Counter came, wanted, led;
  Scene scene({.connections = 1, .jobs = 1});
  Assist assist;
  assist.help = [&](Slot slot) {
    came.add();
    until_waited_for(slot);
    wanted.add();
  };
  assist.tick = [](Instant) {};
  assist.wants_workers = true;
  std::optional<OpenAssist> open;
  open.emplace(*scene.pool, assist, origin());
  REQUIRE(came.reaches(1));
  CHECK(wanted.value() == 0);
  scene.pool->submit(TaskId{}, origin(), [&](Slot slot) {
    led.add();
    return slot;
  });
  CHECK(wanted.reaches(1));
  CHECK(led.reaches(1));
  open.reset();
}

TEST_CASE("a download begins when its host has a slot for it, and others do not wait for it meanwhile") {
  Counter here, elsewhere;
  Scene scene({.connections = 1, .jobs = 2});
  Slot held = scene.slot();
  scene.pool->submit(TaskId{}, origin(), [&](Slot slot) {
    here.add();
    return slot;
  });
  scene.pool->submit(TaskId{1}, origin("b.test"), [&](Slot slot) {
    elsewhere.add();
    return slot;
  });
  REQUIRE(elsewhere.reaches(1));
  CHECK(here.value() == 0);
  held = {};
  CHECK(here.reaches(1));
}

TEST_CASE("a download begins when the time is over for which its host is left alone") {
  Counter led;
  Scene scene({.connections = 1, .jobs = 1});
  scene.slot().refused(scene.clock.now() + 60s);
  scene.pool->submit(TaskId{}, origin(), [&](Slot slot) {
    led.add();
    return slot;
  });
  CHECK(led.value() == 0);
  scene.clock.advance(60s);
  CHECK(led.reaches(1));
}

TEST_CASE("downloads that wait for a host that does not answer let those of other hosts pass by") {
  for (const bool answers : {false, true}) {
    CAPTURE(answers);
    Counter begun, passed, out;
    Scene scene({.connections = 8, .jobs = 2});
    const auto wait = [&](Slot slot) {
      slot.answered(1ms);
      begun.add();
      out.reaches(1);
      return slot;
    };
    for (std::size_t i = 0; i < 2; ++i) scene.pool->submit(TaskId{i}, origin(), wait);
    REQUIRE(begun.reaches(2));
    for (std::size_t i = 2; i < 40; ++i) scene.pool->submit(TaskId{i}, origin(), wait);
    for (std::size_t i = 40; i < 80; ++i) {
      scene.pool->submit(TaskId{i}, origin("b.test"), [&](Slot slot) {
        passed.add();
        return slot;
      });
    }
    scene.pool->stumbled(origin());
    CHECK_FALSE(passed.reaches(1, 300ms));  // it may be for a moment only
    if (answers) scene.slot().alive();
    scene.clock.advance(2s);
    CHECK(passed.reaches(40, answers ? 300ms : 30'000ms) == !answers);
    CHECK(begun.value() == 2);
    out.add();
    CHECK(passed.reaches(40));
    CHECK(begun.reaches(40));
  }
}

TEST_CASE("no helpers come for a host that gives nothing until it answers or more of it comes") {
  for (const bool answers : {true, false}) {
    CAPTURE(answers);
    Scene scene({.connections = 8, .jobs = 1});
    Slot slot = scene.slot();
    slot.answered(1ms);
    scene.pool->stumbled(origin());
    const Leading leading(*scene.pool);
    Helped helped(*scene.pool);
    REQUIRE(helped.tick_twice());
    CHECK(helped.came.value() == 0);
    answers ? slot.alive() : slot.received(1, false);
    CHECK(helped.came.reaches(1));
  }
}

TEST_CASE("a slot that a download leaves serves the next one on the same thread") {
  Counter done;
  Scene scene({.connections = 1, .jobs = 4});
  std::vector<std::thread::id> threads;
  Slot held = scene.slot();  // until all are given
  for (int i = 0; i < 20; ++i) {
    scene.pool->submit(TaskId{static_cast<unsigned>(i)}, origin(), [&](Slot slot) {
      threads.push_back(std::this_thread::get_id());  // one slot: needs no lock
      done.add();
      return slot;
    });
  }
  held = {};
  REQUIRE(done.reaches(20));
  CHECK(std::count(threads.begin(), threads.end(), threads.front()) == 20);
}

TEST_CASE("threads and files that wait for their names share what may be opened") {
  const auto needed = [](const Descriptors& assists) {
    return Descriptors::kOfSession + assists.threads * Descriptors::kOfThread + assists.held * Descriptors::kOfHeld;
  };
  const std::uint64_t least = needed({1, 1});
  for (std::uint64_t left = 0; left < 1200; ++left) {
    const auto assists = Descriptors::shared_out(left, 64);
    CAPTURE(left);
    CHECK(assists.threads >= 1);
    CHECK(assists.held >= 1);
    CHECK(needed(assists) <= std::max(left, least));
  }
  const auto plenty = Descriptors::shared_out(std::numeric_limits<std::uint64_t>::max(), 64);
  CHECK(plenty.threads == 64);
  CHECK(plenty.held == Descriptors::kMaxHeld);
  CHECK(Descriptors::shared_out(1000, 64).threads == 64);
}

TEST_CASE("a pool starts no more threads than it may") {
  Counter running, done;
  Scene scene({.connections = 8, .jobs = 8, .most_threads = 2});
  for (int i = 0; i < 20; ++i) {
    scene.pool->submit(TaskId{static_cast<unsigned>(i)}, origin(), [&, i](Slot slot) {
      slot = {};
      running.add();
      if (i < 2) CHECK_FALSE(running.reaches(3, 300ms));
      running.add(-1);
      done.add();
      return slot;
    });
  }
  REQUIRE(done.reaches(20));
  CHECK(running.most() == 2);
}
