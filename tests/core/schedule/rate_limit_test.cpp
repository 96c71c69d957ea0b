// Readers that take all they are let, in virtual time: how much flowed in every 100 ms.
#include "core/schedule/rate_limit.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <queue>
#include <utility>
#include <vector>

using namespace segdl;
using std::chrono::duration;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using Instant = RateLimit::Instant;

namespace {

constexpr std::uint64_t kKi = 1024, kMi = 1024 * 1024;

// So many readers, each of which reads a portion, pays, and goes on when it may (`late` if it had to wait).
class Readers {
 public:
  Readers(RateLimit& limit, unsigned many) : limit_(limit) {
    for (unsigned i = 0; i < many; ++i) next_.push({now_, i});
  }

  // What is read from now on, for that long, in each 100 ms.
  std::vector<double> run(milliseconds time, nanoseconds late = nanoseconds(0)) {
    const Instant begin = now_;
    now_ += time;
    std::vector<double> slices(static_cast<std::size_t>(time / kSlice));
    while (next_.top().first < now_) {
      const auto [at, reader] = next_.top();
      next_.pop();
      const std::uint64_t bytes = limit_.max_read();
      slices[static_cast<std::size_t>((at - begin) / kSlice)] += static_cast<double>(bytes);
      const Instant ready_at = limit_.consume(bytes, at);
      next_.push({ready_at > at ? ready_at + late : at, reader});
    }
    return slices;
  }

  // All that wait ask again, and go on after a pause.
  void set(std::uint64_t rate, milliseconds pause = milliseconds(0)) {
    limit_.set(rate, now_);
    now_ += pause;
    const auto many = next_.size();
    next_ = {};
    for (unsigned i = 0; i < many; ++i) next_.push({limit_.consume(0, now_), i});
  }
  void idle(milliseconds pause) { set(limit_.rate(), pause); }

 private:
  static constexpr milliseconds kSlice{100};
  using Turn = std::pair<Instant, unsigned>;

  RateLimit& limit_;
  Instant now_{};
  std::priority_queue<Turn, std::vector<Turn>, std::greater<>> next_;
};

double sum(const std::vector<double>& slices) {
  double all = 0;
  for (const double slice : slices) all += slice;
  return all;
}

// The slices that are further than 10 % from the rate (where portions are the smallest, one portion more), the first
// `skipped` apart.
int uneven(const std::vector<double>& slices, const RateLimit& limit, std::size_t skipped = 1) {
  const double expected = static_cast<double>(limit.rate()) / 10;
  const double tolerance = 0.1 * expected + static_cast<double>(limit.max_read() <= 256 ? limit.max_read() : 0);
  return static_cast<int>(std::count_if(slices.begin() + static_cast<std::ptrdiff_t>(std::min(skipped, slices.size())),
                                        slices.end(),
                                        [&](double slice) { return std::abs(slice - expected) > tolerance; }));
}

}  // namespace

TEST_CASE("the rate is kept within 1 % and every 100 ms within 10 %, by one reader or many") {
  for (const std::uint64_t rate : {kKi, 10 * kKi, 100 * kKi, kMi, 10 * kMi, 100 * kMi, 1024 * kMi}) {
    for (const unsigned many : {1U, 8U, 64U}) {
      CAPTURE(rate);
      CAPTURE(many);
      RateLimit limit(rate);
      Readers readers(limit, many);
      // Each reader's first portion is read before anything was paid.
      const double first = static_cast<double>(many * limit.max_read());
      readers.run(
          std::max(milliseconds(100), milliseconds(static_cast<int>(2 * 1000 * first / double(rate)) / 100 * 100)));
      const auto slices = readers.run(seconds(10));
      const double expected = 10 * static_cast<double>(rate);
      CHECK(std::abs(sum(slices) - expected) <= 0.01 * expected + 256);
      CHECK(uneven(slices, limit, 0) == 0);
    }
  }
}

TEST_CASE("no more than a portion of each reader is ahead of the rate at the start") {
  for (const std::uint64_t rate : {kMi, 10 * kMi, 1024 * kMi}) {
    CAPTURE(rate);
    RateLimit limit(rate);
    const auto slices = Readers(limit, 64).run(seconds(10));
    CHECK(sum(slices) >= 10 * static_cast<double>(rate) * 0.999);
    // The account begins with the slack, as after a pause.
    CHECK(sum(slices) <= 10.06 * static_cast<double>(rate) + 65 * static_cast<double>(limit.max_read()));
  }
}

TEST_CASE("payments that are no whole nanoseconds add up exactly") {
  RateLimit limit(3'000'000'000);
  const Instant now{seconds(1)};
  limit.consume(150'000'000, now);  // the slack
  Instant ready_at{};
  for (int i = 0; i < 3'000'000; ++i) ready_at = limit.consume(1, now);
  CHECK(std::abs((ready_at - now).count() - 1'000'000) <= 1);
}

TEST_CASE("readers that wake up late keep the rate") {
  RateLimit limit(10 * kMi);
  Readers readers(limit, 1);
  readers.run(milliseconds(200), milliseconds(5));
  const auto slices = readers.run(seconds(10), milliseconds(5));
  CHECK(std::abs(sum(slices) / (100.0 * kMi) - 1) <= 0.01);
  CHECK(uneven(slices, limit, 0) == 0);
}

TEST_CASE("a pause is not saved up for more than 50 ms") {
  for (const unsigned many : {1U, 8U, 64U}) {
    CAPTURE(many);
    RateLimit limit(10 * kMi);
    Readers readers(limit, many);
    readers.run(seconds(1));
    readers.idle(seconds(30));
    const auto slices = readers.run(seconds(10));
    CHECK(slices[0] <= 0.16 * 10 * kMi + static_cast<double>(many * limit.max_read()));
    CHECK(uneven(slices, limit) == 0);
  }
}

TEST_CASE("a new rate holds at once, up and down, whatever was waited for") {
  for (const unsigned many : {1U, 8U, 64U}) {
    CAPTURE(many);
    RateLimit limit(kMi);
    Readers readers(limit, many);
    readers.run(seconds(1));
    for (const std::uint64_t rate : {64 * kMi, kMi, 1024 * kMi, 100 * kKi, kMi, 10 * kKi, 100 * kMi}) {
      CAPTURE(rate);
      readers.set(rate);
      const auto slices = readers.run(seconds(10));
      const double expected = 10 * static_cast<double>(rate);
      const double ahead = static_cast<double>(many * limit.max_read());
      CHECK(sum(slices) >= 0.99 * expected - ahead);
      CHECK(sum(slices) <= 1.01 * expected + ahead);
      CHECK(uneven(slices, limit, 20) == 0);
    }
  }
}

TEST_CASE("raising the rate shortens what is waited for, and lowering it does not lengthen it") {
  RateLimit limit(1000);
  const Instant now{seconds(100)};
  limit.consume(1050, now);
  CHECK(limit.consume(0, now) == now + seconds(1));
  limit.set(10'000, now);
  CHECK(limit.consume(0, now) == now + milliseconds(100));
  limit.set(10, now);
  CHECK(limit.consume(0, now) == now + milliseconds(100));
  limit.set(0, now);
  CHECK(limit.consume(1'000'000, now) == now);
  limit.set(1000, now);
  CHECK(limit.consume(1000, now) == now + seconds(1));
}

TEST_CASE("without a limit nobody waits, and portions are large") {
  RateLimit limit(0);
  CHECK(limit.consume(1ULL << 60, Instant(seconds(5))) == Instant(seconds(5)));
  CHECK(limit.max_read() == 256 * kKi);
}

TEST_CASE("portions are a thousandth of a second's worth within their limits") {
  CHECK(RateLimit(1).max_read() == 256);
  CHECK(RateLimit(10 * kMi).max_read() == 10 * kKi);
  CHECK(RateLimit(std::numeric_limits<std::uint64_t>::max()).max_read() == 256 * kKi);
}

TEST_CASE("the most absurd payments overflow nothing") {
  RateLimit limit(1);
  const Instant now{seconds(5)};
  Instant last = now;
  for (int i = 0; i < 100; ++i) {
    const Instant next = limit.consume(std::numeric_limits<std::uint64_t>::max(), now);
    CHECK(next >= last);
    last = next;
  }
  limit.set(std::numeric_limits<std::uint64_t>::max(), now);
  CHECK(limit.consume(0, now) < now + seconds(1));
}
