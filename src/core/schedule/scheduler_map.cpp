// The scheduler's map of segments, for display.
#include "core/schedule/scheduler.h"

#include <algorithm>

namespace segdl {
namespace {

constexpr std::size_t kMaxRuns = 64;  // examined in a cell; more would not be visible

// Cuts `segments` into `cells` of nearly the same size. REQUIRES: 0 < cells <= segments.
struct Cut {
  std::uint64_t segments, cells;

  std::uint32_t begin(std::uint64_t cell) const { return static_cast<std::uint32_t>(cell * segments / cells); }
  Span span(std::uint64_t cell) const { return {begin(cell), begin(cell + 1)}; }
  // The cell of this segment.
  std::uint64_t cell(std::uint32_t segment) const { return ((segment + std::uint64_t{1}) * cells - 1) / segments; }
};

std::uint32_t common(Span a, Span b) { return std::min(a.end, b.end) - std::max(a.begin, b.begin); }

}  // namespace

SegmentMap Scheduler::map(std::size_t cells) const {
  SegmentMap map(std::min<std::size_t>(cells, states_.layout().count()));
  if (map.empty()) return map;
  const Cut cut{states_.layout().count(), map.size()};
  for (std::size_t i = 0; i < map.size(); ++i) {
    const Span span = cut.span(i);
    map[i].segments = map[i].done = span.end - span.begin;
    map[i].missing = states_.missing().count_within(span, kMaxRuns);
    map[i].done -= map[i].missing;
    map[i].unproved = std::min(map[i].done, states_.unproved().count_within(span, kMaxRuns));  // both may be estimates
    map[i].done -= map[i].unproved;
    map[i].revoked = states_.revoked().count_within(span, kMaxRuns);
  }
  for (std::uint32_t worker = 0; worker < holdings_.size(); ++worker) {
    const Span held = holdings_[worker].span;
    const auto rival = holdings_[worker].rival;
    if (held.empty() || (rival && index(*rival) < worker)) continue;  // a hedged segment counts once
    for (std::uint64_t i = cut.cell(held.begin); i <= cut.cell(held.end - 1); ++i) {
      const std::uint32_t part = std::min(map[i].done, common(held, cut.span(i)));
      map[i].done -= part;
      map[i].in_flight += part;
      if (2 * part >= map[i].in_flight) map[i].connection = worker;
    }
  }
  for (MapCell& cell : map) cell.revoked = std::min(cell.revoked, cell.missing + cell.in_flight);
  return map;
}

}  // namespace segdl
