#include "core/backoff.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

using namespace segdl;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("back-off doubles from 250 ms to 30 s, and its jitter reaches from half of that to all of it") {
  constexpr std::array<int, 10> kWhole = {250, 500, 1000, 2000, 4000, 8000, 16'000, 30'000, 30'000, 30'000};
  for (unsigned failures = 1; failures <= kWhole.size(); ++failures) {
    CAPTURE(failures);
    const milliseconds whole(kWhole[failures - 1]);
    milliseconds least = milliseconds::max();
    milliseconds most = milliseconds::min();
    for (std::uint64_t random = 0; random <= 15'000; ++random) {
      const auto pause = backoff(failures, std::nullopt, random);
      least = std::min(least, pause);
      most = std::max(most, pause);
    }
    CHECK(least == whole / 2);
    CHECK(most == whole);
  }
}

TEST_CASE("any number of failures and any random number give a pause within the limits") {
  for (const unsigned failures : {1U, 8U, 11U, 12U, 33U, 64U, 65U, 1000U, std::numeric_limits<unsigned>::max()}) {
    for (const std::uint64_t random : {std::uint64_t{0}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
      CAPTURE(failures);
      CAPTURE(random);
      const auto pause = backoff(failures, std::nullopt, random);
      CHECK(pause >= milliseconds(failures == 1 ? 125 : 15'000));
      CHECK(pause <= milliseconds(failures == 1 ? 250 : 30'000));
    }
  }
}

TEST_CASE("the same numbers give the same pause") {
  CHECK(backoff(3, std::nullopt, 12'345) == backoff(3, std::nullopt, 12'345));
  CHECK(backoff(3, std::nullopt, 0) != backoff(3, std::nullopt, 1));
}

TEST_CASE("what the server asks for is waited for at the least") {
  CHECK(backoff(1, seconds(9), 5) == seconds(9));
  CHECK(backoff(1, seconds(300), 5) == seconds(300));
  CHECK(backoff(9, seconds(1), 0) == seconds(15));
  CHECK(backoff(1, seconds(0), 0) == milliseconds(125));
}
