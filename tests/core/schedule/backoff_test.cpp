#include "core/schedule/backoff.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

using namespace segdl;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("back-off doubles from 250 ms to 15 s, and its jitter reaches from half of that to all of it") {
  constexpr std::array<int, 10> kWhole = {250, 500, 1000, 2000, 4000, 8000, 15'000, 15'000, 15'000, 15'000};
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
      CHECK(pause >= milliseconds(failures == 1 ? 125 : 7500));
      CHECK(pause <= milliseconds(failures == 1 ? 250 : 15'000));
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
  CHECK(backoff(9, seconds(1), 0) == milliseconds(7500));
  CHECK(backoff(1, seconds(0), 0) == milliseconds(125));
}

TEST_CASE("a server that has never answered is given up after five failures, one that has after two minutes") {
  const Patience given_nothing;
  CHECK_FALSE(given_nothing.is_over({5, 0, seconds(600), seconds(601)}, false));
  CHECK(given_nothing.is_over({6, 0, seconds(7), seconds(15)}, false));
  CHECK_FALSE(given_nothing.is_over({6, 0, seconds(7), seconds(15)}, true));
  CHECK_FALSE(given_nothing.is_over({50, 5, seconds(119), seconds(134)}, true));
  CHECK(given_nothing.is_over({50, 0, seconds(120), seconds(121)}, true));
  CHECK_FALSE(given_nothing.is_over({1, 0, seconds(600), seconds(601)}, true));  // each took long to fail
  CHECK(given_nothing.is_over({6, 6, seconds(7), seconds(15)}, true));           // it is there, and cuts every answer
}

TEST_CASE("what bounds the tries does so whether there were answers or not") {
  const Patience tries{.retries = 2};
  const Patience time{.time = seconds(10)};
  const Patience both{.retries = 2, .time = seconds(10)};
  for (const bool answered : {false, true}) {
    CAPTURE(answered);
    CHECK_FALSE(tries.is_over({2, 0, seconds(600), seconds(601)}, answered));
    CHECK(tries.is_over({3, 0, seconds(0), seconds(1)}, answered));
    CHECK_FALSE(time.is_over({99, 0, seconds(9), seconds(10)}, answered));
    CHECK(time.is_over({1, 0, seconds(0), seconds(11)}, answered));
    CHECK(both.is_over({3, 0, seconds(0), seconds(1)}, answered));
    CHECK_FALSE(Patience{.time = seconds(0)}.is_over({99, 0, seconds(600), seconds(601)}, answered));
    CHECK(both.is_over({1, 0, seconds(9), seconds(11)}, answered));
  }
  CHECK(Patience{.retries = 0}.is_over({1}, true));
}
