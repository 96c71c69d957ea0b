// When a worker requests again after a failure, and when it gives up.
#include "engine/fetch/retrying.h"

using namespace segdl;
using namespace segdl::engine;

TEST_CASE("each failure in a row is followed by a longer pause, for all workers and without a slot") {
  Retrying scene(with_retries(9));
  for (const std::chrono::milliseconds longest : {250ms, 500ms, 1000ms, 2000ms}) {
    CAPTURE(longest.count());
    CHECK(scene.pause().ok());
    CHECK(scene.clock.pauses().back() >= longest / 2);
    CHECK(scene.clock.pauses().back() <= longest);
    CHECK_FALSE(scene.admission.slot());
    CHECK(scene.source.failures.backs_off_until() == scene.clock.now());
  }
}

TEST_CASE("a pause is as long as the server asked for, also after progress") {
  Retrying scene;
  CHECK(scene.pause(refusal(500, 7s)).ok());
  scene.come(kEnough, kEnough);
  CHECK(scene.pause(refusal(500, 7s)).ok());
  CHECK(scene.clock.pauses() == std::vector{7000ms, 7000ms});
}

TEST_CASE("a stop request ends a pause") {
  Retrying scene;
  scene.ask();
  scene.stop();
  const auto ended = scene.retry.pause(no_connection());
  REQUIRE_FALSE(ended.ok());
  CHECK(ended.error().cause == Cause::cancelled);
}

TEST_CASE("too many failures in a row end the download with the last one") {
  Retrying scene(with_retries(2));
  CHECK(scene.pause().ok());
  CHECK(scene.pause().ok());
  const auto ended = scene.pause(refusal(500));
  REQUIRE_FALSE(ended.ok());
  CHECK(ended.error().http_status == 500);
  CHECK(ended.error().remedy == Remedy::stop);
  CHECK(ended.error().tries == 3);
  CHECK(ended.error().hints == Hints{Hint::try_later});
}

TEST_CASE("a download that a host never answered learns from another one's patience, and has one try") {
  Retrying scene;
  scene.pool->given_up(origin(), no_connection());
  CHECK_FALSE(scene.pause().ok());
  scene.source.evidence.answered();
  CHECK(scene.pause().ok());
}

TEST_CASE("the host's other downloads learn that it was given up, unless it answers") {
  for (const bool answered : {false, true}) {
    CAPTURE(answered);
    Retrying scene(with_retries(0));
    scene.ask();
    scene.attempt.answered = answered;
    CHECK_FALSE(scene.retry.pause(no_connection()).ok());
    CHECK(scene.pool->was_given_up(origin()) == !answered);
  }
}

TEST_CASE("progress since the last failure ends the row, and is followed by no pause") {
  Retrying scene(with_retries(1));
  CHECK(scene.pause().ok());
  const std::size_t before = scene.pauses();
  for (int failures = 0; failures < 3; ++failures) {
    scene.come(kEnough, kEnough);
    CHECK(scene.pause().ok());
  }
  CHECK(scene.pauses() == before);
  CHECK(scene.pause().ok());
  CHECK_FALSE(scene.pause().ok());
}

TEST_CASE("progress is 4 KiB, and an eighth of all that came, since the last failure") {
  Retrying scene(with_retries(9));
  scene.come(kEnough, kEnough - 1);
  CHECK_FALSE(scene.retry.made_progress());
  scene.come(0, 1);
  CHECK(scene.retry.made_progress());
  scene.come(7 * kEnough, 0);
  CHECK(scene.retry.made_progress());
  scene.come(8, 0);
  CHECK_FALSE(scene.retry.made_progress());
  CHECK(scene.pause().ok());
  scene.come(kEnough, kEnough);
  CHECK(scene.retry.made_progress());
}

TEST_CASE("after a part of what was asked for the next part is to bring as much") {
  Retrying scene(with_retries(9));
  CHECK(scene.pause().ok());
  scene.come(kEnough - 1, kEnough - 1);
  CHECK_FALSE(scene.retry.goes_on());
  CHECK(scene.source.failures.has_failed());
  scene.come(1, 1);
  CHECK(scene.retry.goes_on());
  CHECK_FALSE(scene.source.failures.has_failed());
  CHECK_FALSE(scene.retry.goes_on());
}

TEST_CASE("a refusal that is doubted is no failure, and is followed by a pause") {
  Retrying scene(with_retries(0));
  for (int refusals = 0; refusals < 3; ++refusals) {
    scene.admission.crowding().set_doubted(true);
    CHECK(scene.pause(refusal(403)).ok());
  }
  CHECK(scene.pauses() == 3);
  CHECK_FALSE(scene.source.failures.has_failed());
  scene.admission.crowding().set_doubted(false);
  CHECK_FALSE(scene.pause(refusal(403)).ok());
}

TEST_CASE("what the host names too many, or what is taken for that among others, closes the host for the pause") {
  for (const int status : {429, 503, 200, 403, 500}) {
    CAPTURE(status);
    Retrying scene;
    Slot& slot = scene.admission.slot();
    slot.answered(1ms);
    Slot other = scene.slot();
    scene.admission.crowding().set_doubted(status == 403);
    scene.ask();
    scene.stop();  // so that the pause is not over
    CHECK_FALSE(scene.retry.pause(refusal(status)).ok());
    CHECK(other.closed() == (status != 500));
  }
}

TEST_CASE("a doubted refusal to the only connection does not close the host") {
  Retrying scene;
  scene.admission.crowding().set_doubted(true);
  scene.ask();
  scene.stop();
  CHECK_FALSE(scene.retry.pause(refusal(403)).ok());
  CHECK(scene.slot());
}

TEST_CASE("who gets nothing while the host serves others has failed only from the fifth time in a row on") {
  for (const Error& error : {no_connection(), refusal(429), refusal(503)}) {
    CAPTURE(error.http_status);
    Retrying scene(with_retries(0));
    for (int times = 0; times < 4; ++times) {
      scene.pass_over();
      CHECK(scene.retry.pause(error).ok());
    }
    scene.retry.answered();
    for (int times = 0; times < 4; ++times) {
      scene.pass_over();
      CHECK_FALSE(scene.retry.is_last_try(error));
      CHECK(scene.retry.pause(error).ok());
    }
    scene.pass_over();
    CHECK(scene.retry.is_last_try(error));
    CHECK_FALSE(scene.retry.pause(error).ok());
  }
}

TEST_CASE("other failures count while the host serves others, and so does a response that broke off") {
  Retrying refused(with_retries(0));
  refused.pass_over();
  CHECK_FALSE(refused.retry.pause(refusal(500)).ok());
  Retrying cut(with_retries(0));
  cut.pass_over();
  cut.attempt.answered = true;
  CHECK_FALSE(cut.retry.pause(no_connection()).ok());
}

TEST_CASE("no pause goes beyond the time limit of the download") {
  Retrying scene;
  scene.context.deadline = scene.clock.now() + 100ms;
  const auto ended = scene.pause();
  REQUIRE_FALSE(ended.ok());
  CHECK(ended.error().out_of_time);
  CHECK(ended.error().remedy == Remedy::stop);
  CHECK(ended.error().hints.empty());
  CHECK(scene.pauses() == 0);
}

TEST_CASE("a worker that is refused while others are served leaves no failure behind") {
  Retrying scene(with_retries(0));
  for (int refusals = 0; refusals < 3; ++refusals) CHECK(scene.give_up(refusal(403), true).ok());
  CHECK_FALSE(scene.source.failures.has_failed());
  CHECK(scene.source.failures.backs_off_until() <= scene.clock.now());
  CHECK(scene.source.failures.gives_no_more());
  CHECK(scene.give_up(no_connection(), true).ok());
  CHECK(scene.source.failures.has_failed());
}

TEST_CASE("a refusal is a failure where no worker is served, though it is doubted") {
  Retrying scene(with_retries(1));
  scene.admission.crowding().set_doubted(true);
  CHECK(scene.give_up(refusal(403), false).ok());
  CHECK(scene.source.failures.has_failed());
  CHECK(scene.source.failures.backs_off_until() > scene.clock.now());
  const auto ended = scene.give_up(refusal(403), false);
  REQUIRE_FALSE(ended.ok());
  CHECK(ended.error().tries == 2);
}

TEST_CASE("the first failure of a worker among others ends nothing without retries, and nor does one that was spared") {
  Retrying scene(with_retries(0));
  CHECK(scene.give_up(no_connection(), false).ok());
  scene.attempt.spared = true;
  CHECK(scene.give_up(no_connection(), false).ok());
  scene.attempt.spared = false;
  CHECK_FALSE(scene.give_up(no_connection(), false).ok());
}

TEST_CASE("a worker that gives up lowers the number of connections, and no longer waits for others to end") {
  Retrying scene;
  scene.admission.slot().answered(1ms);
  Slot other = scene.slot();
  REQUIRE(other);
  scene.admission.crowding().asks();
  REQUIRE(scene.admission.crowding().judge_refusal());
  CHECK_FALSE(other.wanted_elsewhere());
  CHECK(scene.give_up(refusal(403), true).ok());
  CHECK(other.wanted_elsewhere());
  CHECK(scene.admission.crowding().doubts().count == 0);
}

TEST_CASE("a worker that gives up closes the host for as long as it asked") {
  Retrying scene;
  CHECK(scene.give_up(refusal(503, 7s), true).ok());
  CHECK(scene.admission.is_host_closed());
  scene.clock.advance(7s);
  CHECK_FALSE(scene.admission.is_host_closed());
}

TEST_CASE("an unread response is the last one where further requests are refused for good") {
  const Error changed = with_remedy(make_error(Cause::changed, "get", "", ""), Remedy::retry);
  for (const Error& error : {refusal(404), with_remedy(refusal(500), Remedy::stop), changed}) {
    CAPTURE(error.http_status);
    Retrying scene;
    scene.admission.crowding().set_doubted(true);
    CHECK(scene.retry.is_given_no_more(error));
    CHECK(scene.source.failures.gives_no_more());
    CHECK_FALSE(scene.admission.crowding().is_doubted());
  }
}

TEST_CASE("an unread response is not the last one where another request may be served") {
  Error late = with_remedy(no_connection(), Remedy::stop);
  late.out_of_time = true;
  const Error local = make_error(Cause::local, "write", "", "");
  for (const Error& error : {refusal(429), refusal(500), no_connection(), refusal(403, 1s), late, local, cancelled()}) {
    CAPTURE(error.http_status);
    Retrying scene;
    CHECK_FALSE(scene.retry.is_given_no_more(error));
    CHECK_FALSE(scene.source.failures.gives_no_more());
  }
  Retrying scene;
  scene.attempt.odd = true;
  CHECK(scene.retry.is_given_no_more(no_connection()));
}

TEST_CASE("an attempt that was spared is made once more, before any back-off") {
  Retrying scene;
  scene.source.failures.back_off_until(scene.clock.now() + 1s);
  CHECK_FALSE(scene.retry.asks_once_more());
  CHECK_FALSE(scene.admission.is_ready());
  scene.attempt.spared = true;
  CHECK(scene.retry.asks_once_more());
  CHECK(scene.admission.is_ready());
  CHECK_FALSE(scene.retry.asks_once_more());
  CHECK_FALSE(scene.admission.is_ready());
}

TEST_CASE("a refused connection lowers the number of those that the host has") {
  Retrying scene;
  scene.admission.slot().answered(1ms);
  const Slot other = scene.slot();
  scene.retry.refused();
  CHECK(other.wanted_elsewhere());
}

TEST_CASE("an answer is waited for 1.5 s, or four times as long as others take") {
  Retrying scene;
  CHECK(scene.retry.in_vain() == 1500ms);
  scene.ask(1500ms - 1ns);
  CHECK_FALSE(scene.retry.waited_in_vain());
  scene.clock.advance(1ns);
  CHECK(scene.retry.waited_in_vain());
  scene.attempt.answered = true;
  CHECK_FALSE(scene.retry.waited_in_vain());
  scene.source.latency = 1s;
  CHECK(scene.retry.in_vain() == 4s);
}
