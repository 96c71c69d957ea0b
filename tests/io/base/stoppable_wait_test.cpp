// What ends a wait: the descriptor, the deadline or a stop request, and nothing else.
#include "io/base/stoppable_wait.h"
#include "io/base/descriptor.h"

#include <doctest/doctest.h>

#include <sys/eventfd.h>

#include <atomic>
#include <chrono>
#include <stop_token>
#include <thread>
#include <vector>

using namespace segdl;
using namespace segdl::io;
using std::chrono::milliseconds;

namespace {

const std::stop_token kNever;

Deadline within(milliseconds time) { return deadline_after(time, "nothing within", {}); }

struct Silent {
  Descriptor descriptor{::eventfd(0, EFD_CLOEXEC)};
  int get() const { return descriptor.get(); }
};

}  // namespace

TEST_CASE("a wait that takes too long says so") {
  const auto waited = StoppableWait(kNever, within(milliseconds(20))).for_ready(Silent().get(), POLLIN);
  REQUIRE_FALSE(waited.ok());
  CHECK(waited.error().cause == Cause::network);
  CHECK(waited.error().reason == "nothing within 0.02 s");
  CHECK_FALSE(waited.error().out_of_time);
}

TEST_CASE("the deadline is told where it is what ends a wait") {
  const Deadline late = deadline_after(milliseconds(20), "nothing within", std::chrono::steady_clock::now());
  const auto waited = StoppableWait(kNever, late).for_ready(Silent().get(), POLLIN);
  REQUIRE_FALSE(waited.ok());
  CHECK(waited.error().reason == "the time limit for the download is reached");
  CHECK(waited.error().out_of_time);
}

TEST_CASE("what is ready does not put off a deadline that has passed") {
  const Descriptor ready(::eventfd(1, EFD_CLOEXEC));
  CHECK(StoppableWait(kNever, within(milliseconds(60'000))).for_ready(ready.get(), POLLIN).ok());
  CHECK_FALSE(StoppableWait(kNever, within(milliseconds(0))).for_ready(ready.get(), POLLIN).ok());
}

TEST_CASE("a stop request ends all the waits for it") {
  const Silent silent;
  std::stop_source stop;
  std::atomic<int> cancelled{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i) {
      threads.emplace_back([&] {
        const auto token = stop.get_token();
        const auto waited = StoppableWait(token, within(milliseconds(60'000))).for_ready(silent.get(), POLLIN);
        if (!waited && waited.error().cause == Cause::cancelled) ++cancelled;
      });
    }
    stop.request_stop();
  }
  CHECK(cancelled == 16);
}

TEST_CASE("a stop request does not ring in another wait of the same thread") {
  const Silent silent;
  for (int round = 0; round < 20; ++round) {  // in most of which the request comes into the wait
    std::stop_source stop;
    std::jthread stopper([&] {
      std::this_thread::sleep_for(milliseconds(1));
      stop.request_stop();
    });
    const auto token = stop.get_token();
    CHECK(StoppableWait(token, within(milliseconds(60'000))).for_ready(silent.get(), POLLIN).error().cause ==
          Cause::cancelled);
    const auto waited = StoppableWait(kNever, within(milliseconds(20))).for_ready(silent.get(), POLLIN);
    REQUIRE_FALSE(waited.ok());
    CHECK(waited.error().cause == Cause::network);
  }
}

TEST_CASE("what is ready is told of several") {
  const Silent silent;
  const Descriptor ready(::eventfd(1, EFD_CLOEXEC));
  std::vector<::pollfd> both{{silent.get(), POLLIN, 0}, {ready.get(), POLLIN, 0}};
  REQUIRE(StoppableWait(kNever, within(milliseconds(60'000))).for_any(both).ok());
  CHECK(both[0].revents == 0);
  CHECK(both[1].revents == POLLIN);
}
