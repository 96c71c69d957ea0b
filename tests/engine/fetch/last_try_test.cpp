// What is asked for before a worker's failures end the download.
#include "engine/fetch/retrying.h"

using namespace segdl;
using namespace segdl::engine;

TEST_CASE("what was put off for a later try is asked for before the download ends, without a pause and once") {
  for (const bool by_time : {false, true}) {
    CAPTURE(by_time);
    Retrying scene(with_retries(by_time ? 9 : 1));
    scene.ask();
    CHECK_FALSE(scene.retry.is_last_try(no_connection()));
    scene.attempt.put_off = true;
    if (by_time) {
      scene.context.deadline = scene.clock.now() + 100ms;
    } else {  // another worker's request fails
      scene.source.failures.failed(scene.attempt.asked_at, scene.clock.now(), false);
      scene.attempt.asked_at = scene.clock.now();
    }
    CHECK(scene.retry.pause(no_connection()).ok());
    CHECK(scene.pauses() == 0);
    CHECK_FALSE(scene.pause().ok());
  }
}

TEST_CASE("behind the time limit nothing is asked for, though it was put off") {
  Retrying scene;
  scene.context.deadline = scene.clock.now() + 1ms;
  scene.ask(2ms);
  scene.attempt.put_off = true;
  const auto ended = scene.retry.pause(no_connection());
  REQUIRE_FALSE(ended.ok());
  CHECK(ended.error().out_of_time);
}

TEST_CASE("a worker that gives up ends nothing while something was put off") {
  Retrying scene(with_retries(0));
  CHECK(scene.give_up(no_connection(), false).ok());
  scene.attempt.put_off = true;
  CHECK(scene.give_up(no_connection(), false).ok());
  scene.attempt.put_off = false;
  CHECK_FALSE(scene.give_up(no_connection(), false).ok());
}

TEST_CASE("the last try is the one after whose failure a pause would end the download") {
  Retrying scene(with_retries(2));
  for (const bool last : {false, false, true}) {
    scene.ask();
    CHECK(scene.retry.is_last_try(no_connection()) == last);
    CHECK(scene.retry.pause(no_connection()).ok() != last);
  }
  scene.come(kEnough, kEnough);
  CHECK_FALSE(scene.retry.is_last_try(no_connection()));
  Retrying late;
  late.context.deadline = late.clock.now() + 100ms;
  late.ask();
  CHECK(late.retry.is_last_try(no_connection()));
  SessionOptions brief;
  brief.retry_max_time = 100ms;  // less than any pause
  Retrying timed(brief);
  timed.ask();
  CHECK(timed.retry.is_last_try(no_connection()));
  CHECK_FALSE(timed.retry.pause(no_connection()).ok());
}

TEST_CASE("all of the resource is asked for once, from the fourth failure in a row on") {
  Retrying scene(with_retries(9));
  for (int failures = 0; failures < 3; ++failures) {
    scene.ask();
    CHECK_FALSE(scene.retry.is_time_for_all());
    CHECK(scene.pause().ok());
  }
  scene.ask();
  CHECK(scene.retry.is_time_for_all());
  scene.retry.tries_all();
  CHECK_FALSE(scene.retry.is_time_for_all());
  scene.come(kEnough, kEnough);
  CHECK(scene.pause().ok());
  for (int failures = 0; failures < 3; ++failures) CHECK(scene.pause().ok());
  scene.ask();
  CHECK(scene.retry.is_time_for_all());
  scene.come(kEnough, kEnough);
  CHECK_FALSE(scene.retry.is_time_for_all());
}

TEST_CASE("the last try asks for all where every answer broke off and brought nothing") {
  const Resource known;
  for (const bool break_off : {true, false}) {
    CAPTURE(break_off);
    Retrying scene(with_retries(2));
    for (int failures = 0; failures < 2; ++failures) {
      CHECK_FALSE(scene.retry.only_breaks_off(&known));
      scene.ask();
      scene.attempt.answered = break_off;
      CHECK(scene.retry.pause(no_connection()).ok());
    }
    scene.clock.advance(1ms);
    CHECK(scene.retry.only_breaks_off(&known) == break_off);
    CHECK_FALSE(scene.retry.only_breaks_off(nullptr));
    scene.source.failures.progressed();
    CHECK_FALSE(scene.retry.only_breaks_off(&known));
  }
}
