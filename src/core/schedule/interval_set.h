// A set of numbers stored as its runs, for sets that are mostly a few long runs.
//
//   [0,4) [6,7)    + 4,5    ->  [0,7)
//
// Every call takes O(log n) steps in the number of runs.
#pragma once

#include "core/store/layout.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

namespace segdl {

// Less-than that counts comparisons, for tables whose cost is measured: each comparison visits a node.
struct CountingLess {
  template <typename T>
  bool operator()(const T& left, const T& right) const {
    ++steps;
    return left < right;
  }
  mutable std::uint64_t steps = 0;
};

class IntervalSet {
 public:
  std::uint32_t count() const { return count_; }  // numbers in the set
  bool empty() const { return count_ == 0; }
  std::uint64_t steps() const { return runs_.key_comp().steps; }

  // The smallest number of the set that is at least `from`.
  std::optional<std::uint32_t> next(std::uint32_t from) const {
    const auto after = runs_.upper_bound(from);
    if (after != runs_.begin() && std::prev(after)->second > from) return from;
    if (after == runs_.end()) return std::nullopt;
    return after->first;
  }

  bool contains(std::uint32_t number) const { return next(number) == number; }

  // The part below `end` of the last run that has one; empty if there is none.
  Span last_below(std::uint32_t end) const {
    const auto behind = runs_.lower_bound(end);
    if (behind == runs_.begin()) return {};
    const auto& [first, last] = *std::prev(behind);
    return {first, std::min(last, end)};
  }

  // The number of members of the set in the span. At most `most` runs are examined: if the span has more, its rest is
  // estimated from its beginning. O(log n + most). REQUIRES: most > 0.
  std::uint32_t count_within(Span span, std::size_t most) const {
    std::uint32_t found = 0;
    auto run = runs_.upper_bound(span.begin);
    if (run != runs_.begin() && std::prev(run)->second > span.begin) --run;
    for (; run != runs_.end() && run->first < span.end; ++run) {
      if (most-- == 0) {
        const std::uint64_t looked_at = run->first - span.begin;
        return static_cast<std::uint32_t>(std::uint64_t{found} * (span.end - span.begin) / looked_at);
      }
      found += std::min(run->second, span.end) - std::max(run->first, span.begin);
    }
    return found;
  }

  // Removes the beginning of a run from this number on, at most `most` numbers. REQUIRES: it is in the set; most > 0.
  Span take_from(std::uint32_t number, std::uint32_t most) {
    const auto after = runs_.upper_bound(number);
    assert(after != runs_.begin() && std::prev(after)->second > number);
    const auto run = std::prev(after);
    const std::uint32_t end = std::exchange(run->second, number);
    const Span taken{number, number + std::min(most, end - number)};
    if (taken.end < end) runs_.emplace_hint(after, taken.end, end);
    if (run->first == number) runs_.erase(run);
    count_ -= taken.end - taken.begin;
    return taken;
  }

  // REQUIRES: no number of the span is in the set.
  void insert(Span span) {
    if (span.empty()) return;
    count_ += span.end - span.begin;
    auto after = runs_.lower_bound(span.begin);
    assert(after == runs_.end() || after->first >= span.end);
    if (after != runs_.end() && after->first == span.end) {
      span.end = after->second;
      after = runs_.erase(after);
    }
    if (after != runs_.begin() && std::prev(after)->second >= span.begin) {
      assert(std::prev(after)->second == span.begin);
      std::prev(after)->second = span.end;
    } else {
      runs_.emplace_hint(after, span.begin, span.end);
    }
  }

  // REQUIRES: it is in the set.
  void remove(std::uint32_t number) { take_from(number, 1); }

 private:
  std::map<std::uint32_t, std::uint32_t, CountingLess> runs_;  // begin -> end
  std::uint32_t count_ = 0;
};

}  // namespace segdl
