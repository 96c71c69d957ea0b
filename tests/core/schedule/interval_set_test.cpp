// Runs against a plain set of numbers, and what a call costs.
#include "core/schedule/interval_set.h"

#include <doctest/doctest.h>

#include <iterator>
#include <random>
#include <set>

using namespace segdl;

namespace {

constexpr std::uint32_t kNumbers = 40;

// The numbers one by one.
std::set<std::uint32_t> numbers_of(const IntervalSet& runs) {
  std::set<std::uint32_t> numbers;
  for (auto next = runs.next(0); next; next = runs.next(*next + 1)) numbers.insert(*next);
  return numbers;
}

void insert(std::set<std::uint32_t>& numbers, Span span) {
  for (std::uint32_t i = span.begin; i < span.end; ++i) numbers.insert(i);
}

Span take_front(std::set<std::uint32_t>& numbers, std::uint32_t most) {
  Span taken{*numbers.begin(), *numbers.begin()};
  while (taken.end - taken.begin < most && numbers.erase(taken.end) == 1) ++taken.end;
  return taken;
}

// From `begin`, up to `most` numbers that are not there.
Span free_span(const std::set<std::uint32_t>& numbers, std::uint32_t begin, std::uint32_t most) {
  Span span{begin, begin};
  while (span.end - span.begin < most && span.end < kNumbers && !numbers.contains(span.end)) ++span.end;
  return span;
}

Span last_below(const std::set<std::uint32_t>& numbers, std::uint32_t end) {
  while (end > 0 && !numbers.contains(end - 1)) --end;
  std::uint32_t begin = end;
  while (begin > 0 && numbers.contains(begin - 1)) --begin;
  return end == 0 ? Span{} : Span{begin, end};
}

std::uint64_t dearest_call(std::uint32_t runs) {
  IntervalSet set;
  std::uint64_t most = 0;
  const auto measured = [&set, &most](auto&& call) {
    const std::uint64_t before = set.steps();
    call();
    most = std::max(most, set.steps() - before);
  };
  for (std::uint32_t i = 0; i < runs; ++i) measured([&] { set.insert({4 * i, 4 * i + 3}); });
  for (std::uint32_t i = 0; i < runs; ++i) {
    measured([&] { set.remove(4 * i + 1); });
    measured([&] { set.insert({4 * i + 1, 4 * i + 2}); });
    measured([&] { set.contains(4 * i); });
    measured([&] { set.last_below(4 * i); });
  }
  while (!set.empty()) measured([&] { set.take_from(*set.next(0), 2); });
  return most;
}

}  // namespace

TEST_CASE("runs hold the same numbers as a plain set") {
  std::mt19937_64 random(3);
  IntervalSet runs;
  std::set<std::uint32_t> numbers;
  for (int i = 0; i < 20000; ++i) {
    const auto number = static_cast<std::uint32_t>(random() % kNumbers),
               most = static_cast<std::uint32_t>(random() % 6);
    if (const auto kind = random() % 4; kind == 0 && !numbers.empty()) {
      REQUIRE(runs.take_from(*runs.next(0), most + 1) == take_front(numbers, most + 1));
    } else if (kind == 1 && numbers.erase(number) == 1) {
      runs.remove(number);
    } else if (kind >= 2) {
      const Span span = free_span(numbers, number, most);
      runs.insert(span);
      insert(numbers, span);
    }
    REQUIRE(runs.count() == numbers.size());
    REQUIRE(runs.contains(number) == numbers.contains(number));
    const Span span{number, number + most};
    const auto within = std::distance(numbers.lower_bound(span.begin), numbers.lower_bound(span.end));
    REQUIRE(runs.count_within(span, kNumbers) == within);
    REQUIRE(runs.last_below(number) == last_below(numbers, number));
    REQUIRE(numbers_of(runs) == numbers);
  }
}

TEST_CASE("a call costs a few steps more when there are eight times as many runs") {
  const std::uint64_t few = dearest_call(1 << 10), many = dearest_call(1 << 13);
  CAPTURE(few);
  CHECK(few < 4 * 10 + 8);
  CHECK(many <= few + 4 * 3);
}
