// When a worker may send a request.
#include "engine/fetch/admission.h"

#include "engine/fetch/fetch_scene.h"

using namespace segdl;
using namespace segdl::engine;

namespace {

// A worker, and others that use connections to the hosts it is led to.
struct Entering : FetchScene {
  Entering() { admission.take(slot()); }

  // A refusal of the next request is doubted.
  void doubt() {
    Slot other = slot();
    REQUIRE(other);
    admission.crowding().asks();
    REQUIRE(admission.crowding().judge_refusal());
  }

  Admission admission{context, flow};
};

}  // namespace

TEST_CASE("a slot counts as a connection of the download while a worker holds it") {
  Entering scene;
  CHECK(scene.shown_connections() == 1);
  Slot given = scene.admission.give();
  CHECK(given);
  CHECK_FALSE(scene.admission.slot());
  CHECK(scene.shown_connections() == 0);
  CHECK_FALSE(scene.admission.give());
  scene.admission.take({});
  CHECK(scene.shown_connections() == 0);
  scene.admission.take(std::move(given));
  scene.admission.leave();
  scene.admission.leave();
  CHECK(scene.shown_connections() == 0);
  {
    Admission another(scene.context, scene.flow);
    another.take(scene.slot());
    CHECK(scene.shown_connections() == 1);
  }
  CHECK(scene.shown_connections() == 0);
  CHECK(scene.slot());
}

TEST_CASE("a request may be sent with a slot, when neither the download nor the host backs off") {
  Entering scene;
  Slot& slot = scene.admission.slot();
  CHECK(scene.admission.is_ready());
  scene.source.failures.back_off_until(scene.clock.now() + 1s);
  CHECK_FALSE(scene.admission.is_ready());
  scene.clock.advance(1s);
  CHECK(scene.admission.is_ready());
  slot.refused(scene.clock.now() + 1s);
  CHECK(scene.admission.is_host_closed());
  CHECK_FALSE(scene.admission.is_ready());
  scene.clock.advance(1s);
  CHECK(scene.admission.is_ready());
  scene.admission.leave();
  CHECK_FALSE(scene.admission.is_host_closed());
  CHECK_FALSE(scene.admission.is_ready());
}

TEST_CASE("a request that is to wait for no back-off still needs a slot") {
  Entering scene;
  scene.source.failures.back_off_until(scene.clock.now() + 1s);
  scene.admission.slot().refused(scene.clock.now() + 1s);
  scene.admission.skip_back_off(true);
  CHECK(scene.admission.is_ready());
  CHECK(scene.admission.get_ready().ok());
  CHECK(scene.clock.pauses().empty());
  scene.admission.leave();
  CHECK_FALSE(scene.admission.is_ready());
  scene.admission.take(scene.slot(origin("b.test")));
  scene.admission.skip_back_off(false);
  CHECK_FALSE(scene.admission.is_ready());
}

TEST_CASE("who waits for the end of a back-off holds no slot, and has one then") {
  Entering scene;
  scene.source.failures.back_off_until(scene.clock.now() + 5s);
  scene.stop();
  const auto ended = scene.admission.get_ready();
  scene.flow.renew();
  REQUIRE_FALSE(ended.ok());
  CHECK(ended.error().cause == Cause::cancelled);
  CHECK_FALSE(scene.admission.slot());
  CHECK(scene.admission.get_ready().ok());
  CHECK(scene.clock.pauses() == std::vector{5000ms});
  CHECK(scene.admission.is_ready());
  CHECK_FALSE(scene.is_held_up());
}

TEST_CASE("who waits for a host that backs off holds no slot of it") {
  Entering scene;
  scene.admission.slot().refused(scene.clock.now() + 5s);
  scene.stop();
  CHECK_FALSE(scene.admission.get_ready().ok());
  scene.flow.renew();
  CHECK_FALSE(scene.admission.slot());
  CHECK(scene.admission.get_ready().ok());
  CHECK(scene.clock.pauses() == std::vector{5000ms});
}

TEST_CASE("a redirect to another host takes a slot there, and the one of this host is given back") {
  Entering scene;
  scene.stop();
  CHECK(scene.admission.enter(origin()).ok());  // it has one
  scene.flow.renew();
  CHECK_FALSE(scene.slot());
  CHECK(scene.admission.enter(origin("b.test")).ok());
  CHECK(scene.admission.slot().is_for(origin("b.test")));
  CHECK(scene.shown_connections() == 1);
  CHECK(scene.slot());
  CHECK_FALSE(scene.slot(origin("b.test")));
}

TEST_CASE("who waits for a slot holds the download up, and gets it when it is given back") {
  Entering scene;
  Slot held = scene.admission.give();
  std::jthread waiting([&scene] { CHECK(scene.admission.enter(origin()).ok()); });
  until_waited_for(held);
  const bool is_held_up = scene.is_held_up();
  held = {};
  waiting.join();
  CHECK(is_held_up);
  CHECK(scene.admission.slot());
  CHECK_FALSE(scene.is_held_up());
}

TEST_CASE("the time limit of the download ends the wait for a slot") {
  Entering scene;
  const Slot held = scene.admission.give();
  scene.context.deadline = scene.clock.now();
  const auto entered = scene.admission.get_ready();
  REQUIRE_FALSE(entered.ok());
  CHECK(entered.error().out_of_time);
}

TEST_CASE("without waiting there is the slot that is held, one that is free, or none") {
  Entering scene;
  CHECK(scene.admission.enters_now(origin()));
  const Slot held = scene.slot(origin("b.test"));
  CHECK_FALSE(scene.admission.enters_now(origin("b.test")));
  CHECK_FALSE(scene.admission.slot());
  CHECK(scene.admission.enters_now(origin()));
  CHECK_FALSE(scene.is_held_up());
}

TEST_CASE("after a refusal that was doubted the host's other connections are waited for") {
  Entering scene;
  scene.admission.slot().answered(1ms);
  scene.doubt();
  CHECK(scene.admission.enters_now(origin()));  // still the one held
  scene.admission.leave();
  CHECK_FALSE(scene.admission.enters_now(origin()));
  CHECK(scene.admission.enter(origin()).ok());
  CHECK(scene.clock.pauses() == std::vector{kNoticed});
  scene.admission.crowding().forget();
  scene.admission.leave();
  CHECK(scene.admission.enters_now(origin()));
}

TEST_CASE("the host's other connections are waited for ten seconds, and then entered beside") {
  Entering scene;
  scene.admission.slot().answered(1ms);
  scene.doubt();
  Slot other = scene.slot();
  REQUIRE(other);
  scene.admission.leave();
  auto entered = std::async(std::launch::async, [&scene] { return scene.admission.enter(origin()); });
  while (!other.wanted_elsewhere() && entered.wait_for(0s) == std::future_status::timeout) std::this_thread::yield();
  scene.clock.advance(10s - 1ns);
  other.answered(1ms);  // whoever waits looks again
  const bool waits_on = other.wanted_elsewhere();
  scene.clock.advance(1ns);
  other.answered(1ms);
  CHECK(entered.get().ok());
  CHECK(waits_on);
}

TEST_CASE("where a request was led to and there was no slot is where the next one waits") {
  Entering scene;
  scene.admission.wait_outside(true);
  CHECK(scene.admission.waits_outside());
  scene.admission.leave();
  scene.admission.set_aside({parse_url("http://b.test/f").value(), {"http://a.test/f"}});
  CHECK(scene.admission.get_ready().ok());
  CHECK(scene.admission.slot().is_for(origin("b.test")));
  const auto resumed = scene.admission.take_aside();
  REQUIRE(resumed);
  CHECK(resumed->visited.size() == 1);
  CHECK_FALSE(scene.admission.take_aside());
}

TEST_CASE("who no longer waits outside begins anew where the download stands") {
  Entering scene;
  scene.admission.wait_outside(true);
  scene.admission.set_aside({parse_url("http://b.test/f").value()});
  scene.admission.wait_outside(false);
  CHECK_FALSE(scene.admission.waits_outside());
  CHECK_FALSE(scene.admission.take_aside());
}
