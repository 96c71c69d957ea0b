// A dispatcher in virtual time, and workers that do as they are told.
#pragma once

#include "core/base/errors.h"
#include "engine/schedule/dispatcher.h"
#include "support/fake_clock.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <initializer_list>
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

  // A worker with so many segments, of those that are missing.
  WorkerState& worker(std::uint64_t segments) {
    WorkerState& worker = dispatcher.join();
    const auto span = dispatcher.next(worker, segments * kSegment, {});
    REQUIRE(span.ok());
    REQUIRE(span->has_value());
    return worker;
  }

  std::optional<Span> next(WorkerState& worker, Offer offer = kFast) {
    auto span = dispatcher.next(worker, kAll, offer);
    REQUIRE(span.ok());
    return *span;
  }

  // So much time in which these workers receive steadily and the others nothing.
  void pass(std::chrono::milliseconds time, std::initializer_list<WorkerState*> receiving = {}) {
    constexpr std::chrono::milliseconds kTick{100};
    for (auto left = time; left.count() > 0; left -= kTick) {
      clock.advance(kTick);
      for (WorkerState* worker : receiving) worker->received += kMiB / 10;
      dispatcher.tick(clock.now());
    }
  }

  void commit(WorkerState& worker, std::uint32_t segment) {
    REQUIRE(dispatcher.begin_commit(worker, Segment{segment}));
    dispatcher.committed(worker, Segment{segment});
  }

  FakeClock clock;
  std::atomic<unsigned> fed = 0;
  Dispatcher dispatcher;
};

inline Error error_of(std::string reason) { return make_error(Cause::local, "write", "f", std::move(reason)); }

// A segment that two workers are at, the first of which stands still.
struct Hedged : Scene {
  Hedged() : Scene(1), first(worker(1)), second(dispatcher.join()) {
    pass(std::chrono::milliseconds(1200));
    REQUIRE(next(second) == Span{0, 1});
  }
  WorkerState& first;
  WorkerState& second;
};

}  // namespace segdl::test
