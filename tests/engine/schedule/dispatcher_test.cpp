// The monitor around the scheduler: which workers have to drop what, and which wait for what. Virtual time; where
// threads are needed, they wait for each other and not for the clock.
#include "dispatcher_scene.h"

#include <doctest/doctest.h>

#include <atomic>
#include <barrier>
#include <future>
#include <optional>
#include <string>
#include <thread>

using namespace segdl;
using namespace segdl::test;
using namespace std::chrono_literals;

namespace {

// A thread that waits for work, and does so by the time this returns.
std::future<bool> waits(Scene& scene, Worker& worker) {
  Flow flow(scene.clock, {});
  Worker observer(scene.dispatcher, flow);
  worker.be_served(false);
  auto woken = std::async(std::launch::async, [&] { return worker.wait(); });
  while (observer.serves_others()) std::this_thread::yield();
  return woken;
}

bool soon(std::future<bool>& future) { return future.wait_for(30s) == std::future_status::ready; }

}  // namespace

TEST_CASE("the first of two at one segment writes it, and the other drops its response") {
  for (const bool late_wins : {false, true}) {
    CAPTURE(late_wins);
    Scene scene(2);
    Worker& slow = scene.worker(1);
    Worker& other = scene.worker(1);
    scene.pass(1200ms, {&other});
    Worker& third = scene.join();
    REQUIRE(scene.next(third) == Span{0, 1});
    Worker& winner = late_wins ? slow : third;
    Worker& loser = late_wins ? third : slow;
    REQUIRE(winner.assignment().begin_commit(Segment{0}));
    CHECK_FALSE(loser.flow().token().stop_requested());
    winner.assignment().committed(Segment{0});
    CHECK(loser.flow().token().stop_requested());
    CHECK_FALSE(winner.flow().token().stop_requested());
    CHECK_FALSE(other.flow().token().stop_requested());
    CHECK(loser.assignment().held().empty());
    CHECK_FALSE(loser.assignment().begin_commit(Segment{0}));
    CHECK(loser.renew());
    CHECK_FALSE(loser.flow().token().stop_requested());
  }
}

TEST_CASE("while one of two writes a segment the other may not") {
  Hedged scene;
  REQUIRE(scene.second.assignment().begin_commit(Segment{0}));
  CHECK_FALSE(scene.first.assignment().begin_commit(Segment{0}));
  CHECK(scene.first.assignment().held().empty());
  scene.second.assignment().committed(Segment{0});
  CHECK_FALSE(scene.first.wait());
}

TEST_CASE("of two threads that are done with a segment at once exactly one may write it") {
  for (int round = 0; round < 200; ++round) {
    Hedged scene;
    std::barrier together(2);
    std::atomic<unsigned> may = 0;
    {
      std::vector<std::jthread> threads;
      for (Worker* worker : {&scene.first, &scene.second}) {
        threads.emplace_back([&, worker] {
          together.arrive_and_wait();
          if (!worker->assignment().begin_commit(Segment{0})) return;
          ++may;
          worker->assignment().committed(Segment{0});
        });
      }
    }
    REQUIRE(may == 1);
  }
}

TEST_CASE("of two who are both late at a segment one gives way to a third") {
  Hedged scene;
  scene.pass(1200ms);
  Worker& third = scene.join();
  REQUIRE(scene.next(third) == Span{0, 1});
  const bool first_gave_way = scene.first.flow().token().stop_requested();
  CHECK(first_gave_way != scene.second.flow().token().stop_requested());
  Worker& gone = first_gave_way ? scene.first : scene.second;
  Worker& stays = first_gave_way ? scene.second : scene.first;
  CHECK(gone.assignment().held().empty());
  CHECK(stays.assignment().held() == Span{0, 1});
  CHECK_FALSE(gone.assignment().begin_commit(Segment{0}));
  scene.commit(third, 0);
  CHECK(stays.flow().token().stop_requested());
  CHECK_FALSE(stays.renew());
}

TEST_CASE("a split moves the end of what the other holds, and stops nobody") {
  Scene scene(8);
  Worker& first = scene.worker(8);
  scene.pass(200ms, {&first});
  Worker& second = scene.join();
  const auto taken = scene.next(second);
  REQUIRE(taken.has_value());
  CHECK(taken->end == 8);
  CHECK(first.assignment().held() == Span{0, taken->begin});
  CHECK_FALSE(first.flow().token().stop_requested());
  REQUIRE(first.assignment().begin_commit(Segment{0}));
  CHECK(first.assignment().committed(Segment{0}) == Span{1, taken->begin});
}

TEST_CASE("the first error stops everybody and is the one that is told") {
  Scene scene(8);
  Worker& first = scene.worker(2);
  Worker& second = scene.worker(2);
  scene.dispatcher.fail(error_of("first"));
  scene.dispatcher.fail(error_of("second"));
  for (Worker* worker : {&first, &second}) {
    CHECK(worker->flow().token().stop_requested());
    CHECK_FALSE(worker->renew());
    worker->assignment().release();
    const auto span = worker->assignment().next(kAll, {});
    REQUIRE_FALSE(span.ok());
    CHECK(span.error().reason == "first");
    CHECK_FALSE(worker->wait());
  }
  REQUIRE(scene.dispatcher.error().has_value());
  CHECK(scene.dispatcher.error()->reason == "first");
  CHECK(scene.join().flow().token().stop_requested());
  CHECK_FALSE(scene.dispatcher.next_to_prove().has_value());
}

TEST_CASE("the last commit stops everybody") {
  Scene scene(2);
  Worker& first = scene.worker(1);
  Worker& second = scene.worker(1);
  Worker& idle = scene.join();
  scene.commit(first, 0);
  CHECK_FALSE(idle.flow().token().stop_requested());
  scene.commit(second, 1);
  for (Worker* worker : {&first, &second, &idle}) CHECK(worker->flow().token().stop_requested());
  CHECK_FALSE(idle.wait());
  CHECK_FALSE(first.renew());
  CHECK(scene.join().flow().token().stop_requested());
  CHECK_FALSE(scene.dispatcher.error().has_value());
}

TEST_CASE("the download is not over before the last claim is proved") {
  Scene scene(2, 1);
  Worker& worker = scene.worker(1);
  REQUIRE(scene.dispatcher.next_to_prove() == Segment{0});
  scene.commit(worker, 1);
  CHECK_FALSE(worker.flow().token().stop_requested());
  CHECK(worker.renew());
  scene.dispatcher.proved(Segment{0});
  CHECK(worker.flow().token().stop_requested());
  CHECK_FALSE(worker.wait());
}

TEST_CASE("one that is silent while the others receive is cut, and may begin anew") {
  Scene scene(300);
  Worker& silent = scene.worker(100);
  Worker& second = scene.worker(100);
  Worker& third = scene.worker(100);
  scene.pass(1900ms, {&second, &third});
  CHECK_FALSE(silent.flow().token().stop_requested());
  scene.pass(200ms, {&second, &third});
  CHECK(silent.flow().token().stop_requested());
  CHECK_FALSE(second.flow().token().stop_requested());
  CHECK_FALSE(third.flow().token().stop_requested());
  CHECK(silent.assignment().held() == Span{0, 100});  // it goes on with what it has
  CHECK(silent.renew());
  CHECK_FALSE(silent.flow().token().stop_requested());
}

TEST_CASE("who had nothing to do for a while is not taken for slow") {
  Scene scene(40);
  Worker& busy = scene.worker(20);
  Worker& idle = scene.worker(20);
  scene.pass(1s, {&busy, &idle});
  for (std::uint32_t i = 20; i < 40; ++i) scene.commit(idle, i);
  for (int i = 0; i < 50; ++i) {
    auto woken = waits(scene, idle);
    scene.pass(100ms, {&busy});
    REQUIRE(soon(woken));
  }
  CHECK(scene.next(idle, {0, 0.001}) == Span{10, 20});
}

TEST_CASE("nobody is cut where all are silent") {
  Scene scene(300);
  Worker& first = scene.worker(100);
  Worker& second = scene.worker(100);
  scene.pass(10s);
  CHECK_FALSE(first.flow().token().stop_requested());
  CHECK_FALSE(second.flow().token().stop_requested());
}

TEST_CASE("who waits is woken by work that was given back, failed or revoked") {
  enum class Way { release, leave, revoke };
  for (const Way way : {Way::release, Way::leave, Way::revoke}) {
    CAPTURE(static_cast<int>(way));
    Scene scene(3, 1);
    REQUIRE(scene.dispatcher.next_to_prove() == Segment{0});
    Worker& first = scene.worker(1);
    scene.worker(1);
    Worker& waiting = scene.join();
    auto woken = waits(scene, waiting);
    if (way == Way::release) first.assignment().release();
    if (way == Way::leave) scene.leave(first);
    if (way == Way::revoke) scene.dispatcher.revoked(Segment{0});
    REQUIRE(soon(woken));
    CHECK(woken.get());
    const std::uint32_t back = way == Way::revoke ? 0 : 1;
    CHECK(scene.next(waiting) == Span{back, back + 1});
  }
}

TEST_CASE("who waits is woken by the end, good or bad") {
  for (const bool good : {true, false}) {
    CAPTURE(good);
    Scene scene(1);
    Worker& working = scene.worker(1);
    Worker& waiting = scene.join();
    auto woken = waits(scene, waiting);
    if (good) {
      scene.commit(working, 0);
    } else {
      scene.dispatcher.fail(error_of("first"));
    }
    REQUIRE(soon(woken));
    CHECK_FALSE(woken.get());
  }
}

TEST_CASE("work that comes back is offered to idle threads") {
  Scene scene(3, 1);
  Worker& worker = scene.worker(1);
  const auto fed = [&scene] { return scene.fed.exchange(0) > 0; };
  CHECK(fed());  // there was work for one
  worker.assignment().release();
  CHECK(fed());
  worker.assignment().release();  // of nothing
  CHECK_FALSE(fed());
  scene.leave(worker);
  CHECK_FALSE(fed());
  scene.dispatcher.revoked(Segment{0});
  CHECK(fed());
}

TEST_CASE("who takes the place of one that left begins with nothing of it") {
  Scene scene(4);
  Worker& first = scene.worker(2);
  first.flow().add(100);
  first.assignment().filled = 7;
  scene.pass(100ms);
  scene.leave(first);
  Worker& second = scene.join();
  CHECK(second.flow().received() == 0);
  CHECK(second.assignment().filled == 0);
  CHECK(second.assignment().held().empty());
  CHECK_FALSE(second.flow().token().stop_requested());
  CHECK(scene.next(second) == Span{0, 4});
}

TEST_CASE("a response that goes on takes what is missing, and the front of what was not answered yet") {
  Scene scene(6);
  Worker& leader = scene.join();
  Worker& other = scene.join();
  REQUIRE(leader.assignment().go_on(Segment{0}, 0) == Span{0, 1});
  REQUIRE(other.assignment().go_on(Segment{1}, 2 * kSegment) == Span{1, 3});
  CHECK(other.assignment().asks() == Span{1, 3});
  scene.commit(leader, 0);
  CHECK(leader.assignment().go_on(Segment{1}, kAll) == Span{1, 2});
  CHECK(other.assignment().answered() == Span{2, 3});
  other.flow().add(1);
  scene.commit(leader, 1);
  CHECK_FALSE(leader.assignment().go_on(Segment{2}, kAll));
  CHECK(leader.assignment().go_on(Segment{3}, kAll) == Span{3, 6});
}

TEST_CASE("a response that goes on takes a segment that two are at, unless something came to one of them") {
  for (const bool answered : {false, true}) {
    CAPTURE(answered);
    Hedged scene;
    Worker& leader = scene.join();
    scene.first.assignment().asks();
    scene.second.assignment().asks();
    if (answered) scene.first.assignment().answered();
    if (answered) scene.first.flow().add(1);
    CHECK(leader.assignment().go_on(Segment{0}, kAll).has_value() == !answered);
    if (answered) continue;
    const unsigned holders = !scene.first.assignment().held().empty() + !scene.second.assignment().held().empty();
    CHECK(holders == 1);
    scene.commit(leader, 0);
    CHECK(scene.first.assignment().held().empty());
    CHECK(scene.second.assignment().held().empty());
  }
}

TEST_CASE("one named segment is granted to one worker only") {
  Scene scene(3);
  Worker& first = scene.join();
  Worker& second = scene.join();
  CHECK(first.assignment().go_on(Segment{1}, 0) == Span{1, 2});
  CHECK_FALSE(second.assignment().go_on(Segment{1}, 0));
  CHECK(scene.next(second) == Span{0, 1});
}
