#include "engine/schedule/flow.h"
#include "support/fake_clock.h"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <stop_token>
#include <thread>

using namespace segdl;
using namespace segdl::engine;
using namespace segdl::test;
using namespace std::chrono_literals;

TEST_CASE("what is cut stops once, and goes on with a new token") {
  FakeClock clock;
  std::stop_source download;
  Flow flow(clock, download.get_token());
  const std::stop_token before = flow.token();
  flow.cut().request_stop();
  CHECK(before.stop_requested());
  CHECK(flow.token().stop_requested());
  flow.renew();
  CHECK_FALSE(flow.token().stop_requested());
  CHECK(before.stop_requested());
}

TEST_CASE("the end of the download stops every token, and none is renewed after it") {
  FakeClock clock;
  std::stop_source download;
  Flow flow(clock, download.get_token());
  flow.cut().request_stop();
  flow.renew();
  const std::stop_token token = flow.token();
  bool woken = false;
  const std::stop_callback waits(token, [&woken] { woken = true; });
  download.request_stop();
  CHECK(woken);
  flow.renew();
  CHECK(flow.token().stop_requested());
  Flow late(clock, download.get_token());
  CHECK(late.token().stop_requested());
}

TEST_CASE("a flow that is no more hears nothing of the download's end") {
  FakeClock clock;
  std::stop_source download;
  std::optional<Flow> flow(std::in_place, clock, download.get_token());
  const std::stop_token token = flow->token();
  flow.reset();
  download.request_stop();
  CHECK_FALSE(token.stop_requested());
}

TEST_CASE("a speed is that of what has come since it is measured, and what came long ago counts half") {
  FakeClock clock;
  Flow flow(clock, {});
  CHECK(flow.speed() == 0);
  flow.add(1000);
  clock.advance(2s);
  CHECK(flow.speed() == 500);
  clock.advance(8s);
  flow.fade(clock.now());
  CHECK(flow.speed() == 100);
  clock.advance(10s);
  flow.fade(clock.now());  // of 20 s and 1,000 bytes half of each
  CHECK(flow.speed() == 50);
  flow.add(1000);
  clock.advance(5s);
  CHECK(flow.speed() == 100);
  flow.measure_anew();
  clock.advance(1s);
  CHECK(flow.speed() == 0);
  flow.add(300);
  CHECK(flow.speed() == 300);
  CHECK(flow.received() == 2300);
}

TEST_CASE("a token that is renewed while the download ends stops") {
  FakeClock clock;
  for (int i = 0; i < 200; ++i) {
    std::stop_source download;
    Flow flow(clock, download.get_token());
    const std::jthread ends([&download] { download.request_stop(); });
    while (!download.stop_requested()) {
      flow.cut().request_stop();
      flow.renew();
    }
    const std::stop_token token = flow.token();
    while (!token.stop_requested()) std::this_thread::yield();
  }
}
