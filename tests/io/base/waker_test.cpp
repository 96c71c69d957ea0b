// What ends a wait: the descriptor, the bound or a stop request, and nothing else.
#include "io/base/waker.h"
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

Deadline within(milliseconds time) { return bound_after(time, "nothing within", {}); }

struct Silent {
  Descriptor descriptor{::eventfd(0, EFD_CLOEXEC)};
  int get() const { return descriptor.get(); }
};

}  // namespace

TEST_CASE("a wait that takes too long says so") {
  const auto waited = Waker({}).wait(Silent().get(), POLLIN, within(milliseconds(20)));
  REQUIRE_FALSE(waited.ok());
  CHECK(waited.error().cause == Cause::network);
  CHECK(waited.error().reason == "nothing within 0.02 s");
}

TEST_CASE("the deadline is told where it is what ends a wait") {
  const Deadline bound = bound_after(milliseconds(20), "nothing within", std::chrono::steady_clock::now());
  const auto waited = Waker({}).wait(Silent().get(), POLLIN, bound);
  REQUIRE_FALSE(waited.ok());
  CHECK(waited.error().reason == "the time limit for the download is reached");
}

TEST_CASE("what is ready does not put off a bound that has passed") {
  const Descriptor ready(::eventfd(1, EFD_CLOEXEC));
  CHECK(Waker({}).wait(ready.get(), POLLIN, within(milliseconds(60'000))).ok());
  CHECK_FALSE(Waker({}).wait(ready.get(), POLLIN, within(milliseconds(0))).ok());
}

TEST_CASE("a stop request ends all the waits for it") {
  const Silent silent;
  std::stop_source stop;
  std::atomic<int> cancelled{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i) {
      threads.emplace_back([&] {
        const auto waited = Waker(stop.get_token()).wait(silent.get(), POLLIN, within(milliseconds(60'000)));
        if (!waited && waited.error().cause == Cause::cancelled) ++cancelled;
      });
    }
    stop.request_stop();
  }
  CHECK(cancelled == 16);
}

TEST_CASE("a stop request does not ring in another wait of the same thread") {
  const Silent silent;
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  CHECK(Waker(stop.get_token()).wait(silent.get(), POLLIN, within(milliseconds(60'000))).error().cause ==
        Cause::cancelled);
  const auto waited = Waker({}).wait(silent.get(), POLLIN, within(milliseconds(20)));
  REQUIRE_FALSE(waited.ok());
  CHECK(waited.error().cause == Cause::network);
}

TEST_CASE("what is ready is told of several") {
  const Silent silent;
  const Descriptor ready(::eventfd(1, EFD_CLOEXEC));
  std::vector<::pollfd> both{{silent.get(), POLLIN, 0}, {ready.get(), POLLIN, 0}};
  REQUIRE(Waker({}).wait(both, within(milliseconds(60'000))).ok());
  CHECK(both[0].revents == 0);
  CHECK(both[1].revents == POLLIN);
}
