// What every Clock does.
#include "io/base/real_clock.h"
#include "support/fake_clock.h"

#include <doctest/doctest.h>

#include <memory>

using namespace segdl;

namespace {

struct FakeSide {
  std::unique_ptr<Clock> clock = std::make_unique<test::FakeClock>();
};
struct RealSide {
  std::unique_ptr<Clock> clock = std::make_unique<io::RealClock>();
};

}  // namespace

TEST_CASE_TEMPLATE("a pause lasts until its time", Side, FakeSide, RealSide) {
  Side side;
  const Instant until = side.clock->now() + std::chrono::milliseconds(20);
  CHECK(side.clock->sleep_until(until, {}));
  CHECK(side.clock->now() >= until);
  CHECK(side.clock->sleep_until(until, {}));
}

TEST_CASE_TEMPLATE("a stop request ends a pause", Side, FakeSide, RealSide) {
  Side side;
  std::stop_source stop;
  stop.request_stop();
  const Instant begun = side.clock->now();
  CHECK_FALSE(side.clock->sleep_until(begun + std::chrono::hours(1), stop.get_token()));
  CHECK(side.clock->now() < begun + std::chrono::minutes(1));
}

TEST_CASE_TEMPLATE("both clocks go forward", Side, FakeSide, RealSide) {
  Side side;
  const Instant now = side.clock->now();
  const auto wall = side.clock->wall();
  REQUIRE(side.clock->sleep_until(now + std::chrono::milliseconds(5), {}));
  CHECK(side.clock->now() > now);
  CHECK(side.clock->wall() > wall);
}
