// The obviously right scheduler: one letter per segment, and one row of letters per worker, all of them searched every
// time.
//
//   . missing   D done   i inherited        h held   w held and being written   - not held
//
// Time stands still at 0; how late a worker is follows from the speed reported for it. Which part of a span a split
// takes is the scheduler's choice: the oracle tries all cuts, and requires that none is better.
#pragma once

#include "core/schedule/scheduler_grant.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

namespace segdl::test {

inline constexpr std::uint64_t kSegment = 16 * kKiB;
inline constexpr double kOne = kSegment;  // bytes/s: one segment per second
inline constexpr std::uint32_t kSegments = 5, kWorkers = 3;
inline constexpr Offer kOffer{2 * kOne, 0.25};
inline constexpr double kNever = std::numeric_limits<double>::infinity();
inline constexpr double kTick = 1e-9;  // less than this is rounding

struct Row {
  std::string held = std::string(kSegments, '-');
  double filled = 0;  // segments of what it holds, as last reported
  double speed = -1;  // segments/s; -1: not measured

  bool idle() const { return held == std::string(kSegments, '-'); }
  std::uint32_t first() const { return static_cast<std::uint32_t>(held.find_first_not_of('-')); }
  std::uint32_t size() const {
    return static_cast<std::uint32_t>(kSegments - std::count(held.begin(), held.end(), '-'));
  }
  void drop(std::uint32_t segment) {
    held[segment] = '-';
    if (speed >= 0) filled -= 1;
    if (idle()) *this = Row();
  }
};

struct Oracle {
  std::string state;
  std::array<Row, kWorkers> rows;
  std::uint32_t proving = 0;

  std::uint32_t holders(std::uint32_t segment) const {
    return static_cast<std::uint32_t>(
        std::count_if(rows.begin(), rows.end(), [&](const Row& row) { return row.held[segment] != '-'; }));
  }
  bool has_missing() const { return state.find('.') != std::string::npos; }

  void give(std::uint32_t worker, Span span) {
    for (std::uint32_t i = span.begin; i < span.end; ++i) state[i] = 'h', rows[worker].held[i] = 'h';
  }

  Span first_missing(std::uint32_t most) const {
    return missing_from(static_cast<std::uint32_t>(std::min<std::size_t>(state.find('.'), kSegments)), most);
  }

  // The missing ones from this one on.
  Span missing_from(std::uint32_t begin, std::uint32_t most) const {
    Span span{begin, begin};
    while (span.end < kSegments && span.end - span.begin < most && state[span.end] == '.') ++span.end;
    return span;
  }

  // False if the first segment of that row is being written, by whomever.
  bool take_first(std::uint32_t holder, std::uint32_t worker) {
    const std::uint32_t first = rows[holder].first();
    if (std::any_of(rows.begin(), rows.end(), [&](const Row& row) { return row.held[first] == 'w'; })) return false;
    rows[holder].held[first] = '-';
    if (rows[holder].idle()) rows[holder] = Row();
    give(worker, {first, first + 1});
    return true;
  }

  // Segments that no worker holds any more are missing again.
  void release(std::uint32_t worker) {
    rows[worker] = Row();
    for (std::uint32_t i = 0; i < kSegments; ++i) {
      if (state[i] == 'h' && holders(i) == 0) state[i] = '.';
    }
  }

  bool begin_commit(std::uint32_t worker) {
    const std::uint32_t segment = rows[worker].first();
    for (const Row& row : rows) {
      if (row.held[segment] != 'w') continue;
      rows[worker].drop(segment);
      return false;
    }
    rows[worker].held[segment] = 'w';
    return true;
  }

  void committed(std::uint32_t worker) {
    const std::uint32_t segment = rows[worker].first();
    state[segment] = 'D';
    for (Row& row : rows) {
      if (row.held[segment] != '-') row.drop(segment);
    }
  }

  // In segments/s, of all who move.
  double average() const {
    double sum = 0, count = 0;
    for (const Row& row : rows) {
      if (row.speed > 0) sum += row.speed, ++count;
    }
    return count > 0 ? sum / count : kOffer.speed / kOne;
  }

  double speed(const Row& row) const { return row.speed < 0 ? average() : row.speed; }

  double late(const Row& row) const { return speed(row) > 0 ? (row.size() - row.filled) / speed(row) : kNever; }

  // Whether no worker whose end can be taken has more time left.
  bool latest_to_split(const Row& row) const {
    return row.size() > 1 && std::none_of(rows.begin(), rows.end(), [&](const Row& other) {
             return other.size() > 1 && late(other) > late(row) + kTick;
           });
  }

  // When all of the row's work is done if so many segments are taken from its end.
  double finish(const Row& row, std::uint32_t taken) const {
    const double rest = speed(row) > 0 ? late(row) - taken / speed(row) : kNever;
    return std::max(rest, kOffer.reconnect + taken / (kOffer.speed / kOne));
  }

  // What that gains beyond what a new request costs; of one who stands still, the work itself.
  double gain(const Row& row, std::uint32_t taken) const {
    return late(row) == kNever ? taken : late(row) - kOffer.reconnect - finish(row, taken);
  }

  double best_gain(const Row& row) const {
    double best = 0;
    for (std::uint32_t taken = 1; taken < row.size(); ++taken) best = std::max(best, gain(row, taken));
    return best;
  }

  // Whether a split is worth it, whichever of those who are equally late is taken.
  bool must_split() const {
    bool any = false, all = true;
    for (const Row& row : rows) {
      if (!latest_to_split(row)) continue;
      any = true;
      all = all && best_gain(row) > kTick;
    }
    return any && all;
  }

  // What is wrong with this split; if nothing is, it is done.
  std::string split(std::uint32_t worker, Span span) {
    const auto holder =
        std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.held[span.begin] != '-'; });
    if (span.empty() || holder == rows.end()) return "nobody's";
    if (span.begin <= holder->first() || span.end != holder->first() + holder->size()) return "not the end of a span";
    if (!latest_to_split(*holder)) return "not of the one with most time left";
    const double gained = gain(*holder, span.end - span.begin);
    if (gained <= -kTick) return "not worth it";
    if (gained < best_gain(*holder) - kTick) return "another cut is better";
    for (std::uint32_t i = span.begin; i < span.end; ++i) holder->held[i] = '-';
    take(worker, span);
    return {};
  }

  // Who moves is ahead of who was not measured, and that one of who stands still.
  bool ahead(const Row& row, const Row& other) const {
    const auto rank = [&](const Row& one) { return one.speed > 0 ? 0 : one.speed < 0 ? 1 : 2; };
    if (rank(row) != rank(other)) return rank(row) < rank(other);
    return rank(row) == 0 ? late(row) < late(other) + kTick : row.filled >= other.filled;
  }

  // A segment that is its holders' only one and that none of them writes is as late as the holder that is ahead.
  bool may_hedge(const Row& row) const {
    return row.size() == 1 && std::none_of(rows.begin(), rows.end(), [&](const Row& other) {
             const char held = other.held[row.first()];
             return held == 'w' || (held == 'h' && !ahead(row, other));
           });
  }

  // Who has only just begun may keep its promise yet, and does not give way.
  bool has_unmeasured_rival(const Row& holder) const {
    return std::any_of(rows.begin(), rows.end(), [&](const Row& row) {
      return &row != &holder && row.held[holder.first()] == 'h' && row.speed < 0;
    });
  }

  // The one to hedge; nullptr if nothing is worth it.
  const Row* latest_to_hedge() const {
    const Row* latest = nullptr;
    for (const Row& row : rows) {
      if (may_hedge(row) && (latest == nullptr || late(row) > late(*latest))) latest = &row;
    }
    if (latest == nullptr || has_unmeasured_rival(*latest)) return nullptr;
    return kOffer.reconnect + kOne / kOffer.speed < late(*latest) / 2 ? latest : nullptr;
  }

  // What is wrong with this hedge; if nothing is, it is done. `kept`: who else holds the segment then.
  std::string hedge(std::uint32_t worker, Span span, std::uint32_t kept) {
    const Row* latest = latest_to_hedge();
    if (latest == nullptr) return "not worth it";
    const Row& holder = rows[kept];
    if (span.end != span.begin + 1 || holder.held[span.begin] != 'h' || !may_hedge(holder)) return "not to be hedged";
    if (late(holder) + kTick < late(*latest)) return "not the one furthest from done";
    for (Row& row : rows) {
      if (&row != &holder && row.held[span.begin] != '-') row.drop(span.begin);
    }
    take(worker, span);
    return {};
  }

  void take(std::uint32_t worker, Span span) {
    give(worker, span);
    rows[worker].speed = kOffer.speed / kOne;
    rows[worker].filled = -kOffer.reconnect * rows[worker].speed;
  }

  std::string text() const {
    std::string text = state + std::to_string(proving);
    for (const Row& row : rows) {
      text += ' ' + row.held;
      if (row.speed >= 0) text += '@' + std::to_string(static_cast<int>(row.speed * 8));
      if (row.filled != 0) text += '+' + std::to_string(static_cast<int>(row.filled * 64));
    }
    return text;
  }
};

}  // namespace segdl::test
