// A dispatcher in virtual time, and scripted workers.
#pragma once

#include "core/base/errors.h"
#include "engine/schedule/worker.h"
#include "support/fake_clock.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace segdl::test {

using namespace segdl::engine;

inline constexpr std::uint64_t kSegment = 16 * kKiB;
inline constexpr std::uint64_t kAll = 1'000'000 * kSegment;
inline constexpr Offer kFast{static_cast<double>(100 * kSegment), 0.001};  // bytes/s, seconds for a new request

struct Scene {
  explicit Scene(std::uint32_t segments, std::uint32_t claimed = 0)
      : dispatcher(Layout(segments * kSegment, kSegment), claims(segments, claimed), clock, [this] { ++fed; }) {}

  static std::vector<bool> claims(std::uint32_t segments, std::uint32_t claimed) {
    std::vector<bool> all(segments);
    std::fill_n(all.begin(), claimed, true);
    return all;
  }

  Worker& join() { return workers.emplace_back(dispatcher, flows.emplace_back(clock, std::stop_token())); }
  void leave(Worker& worker) {
    workers.remove_if([&worker](const Worker& one) { return &one == &worker; });
  }
  // By whichever worker.
  void keep(Segment segment, Prefix prefix) { workers.front().assignment().keep(segment, std::move(prefix)); }
  Prefix take_kept(Segment segment, std::uint64_t filled) {
    return workers.front().assignment().take_kept(segment, filled);
  }

  // A worker with so many segments, of those that are missing.
  Worker& worker(std::uint64_t segments) {
    Worker& worker = join();
    const auto span = worker.assignment().next(segments * kSegment, {});
    REQUIRE(span.ok());
    REQUIRE(span->has_value());
    return worker;
  }

  std::optional<Span> next(Worker& worker, Offer offer = kFast) {
    auto span = worker.assignment().next(kAll, offer);
    REQUIRE(span.ok());
    return *span;
  }

  // So much time in which these workers receive steadily and the others nothing.
  void pass(std::chrono::milliseconds time, std::initializer_list<Worker*> receiving = {}) {
    constexpr std::chrono::milliseconds kTick{100};
    for (auto left = time; left.count() > 0; left -= kTick) {
      clock.advance(kTick);
      for (Worker* worker : receiving) worker->flow().add(kMiB / 10);
      dispatcher.tick(clock.now());
    }
  }

  void commit(Worker& worker, std::uint32_t segment) {
    REQUIRE(worker.assignment().begin_commit(Segment{segment}));
    worker.assignment().committed(Segment{segment});
  }

  FakeClock clock;
  std::atomic<unsigned> fed = 0;
  Dispatcher dispatcher;
  std::list<Flow> flows;
  std::list<Worker> workers;
};

inline Error error_of(std::string reason) { return make_error(Cause::local, "write", "f", std::move(reason)); }

// A segment that two workers are at, the first of which stands still.
struct Hedged : Scene {
  Hedged() : Scene(1), first(worker(1)), second(join()) {
    pass(std::chrono::milliseconds(1200));
    REQUIRE(next(second) == Span{0, 1});
  }
  Worker& first;
  Worker& second;
};

}  // namespace segdl::test
