#include "core/schedule/stragglers.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace segdl {
namespace {

constexpr double kSilence = 2;          // s
constexpr double kFlowing = 64 * 1024;  // bytes/s: the median at which silence is suspicious
constexpr double kFraction = 0.1;       // of the median
constexpr double kPatience = 3;         // s below that fraction
constexpr double kShortRest = 2;        // s
constexpr double kLongRest = 64;        // s

// The median of all but one, given all in order.
double median_without(const std::vector<double>& sorted, double speed) {
  const auto own = static_cast<std::size_t>(std::lower_bound(sorted.begin(), sorted.end(), speed) - sorted.begin());
  const auto peer = [&](std::size_t i) { return sorted[i < own ? i : i + 1]; };
  const std::size_t peers = sorted.size() - 1;
  return (peer((peers - 1) / 2) + peer(peers / 2)) / 2;
}

// The worst first: those that are silent, the longest first, then the others by their speed.
std::pair<double, double> rank(const Pace& pace) {
  return pace.silent >= kSilence ? std::pair(-pace.silent, 0.0) : std::pair(0.0, pace.speed);
}

}  // namespace

std::vector<WorkerId> Stragglers::judge(double now, std::span<const Pace> at_work) {
  ++judgements_;
  if (at_work.size() < 2) return {};
  std::vector<double> sorted;
  for (const Pace& pace : at_work) sorted.push_back(pace.speed);
  std::ranges::sort(sorted);

  std::vector<Pace> found;
  for (const Pace& pace : at_work) {
    if (is_straggler(now, pace, median_without(sorted, pace.speed))) found.push_back(pace);
  }
  std::ranges::stable_sort(found, {}, rank);

  std::vector<WorkerId> cuts;
  for (const Pace& pace : std::span(found).first(std::min(found.size(), at_work.size() / 2))) {
    Record& record = records_[index(pace.worker)];
    record.slow_since.reset();
    record.pause = record.pause > 0 ? std::min(2 * record.pause, kLongRest) : kShortRest;
    record.spared_until = now + record.pause;
    cuts.push_back(pace.worker);
  }
  return cuts;
}

bool Stragglers::is_straggler(double now, const Pace& pace, double median) {
  if (index(pace.worker) >= records_.size()) records_.resize(index(pace.worker) + std::size_t{1});
  Record& record = records_[index(pace.worker)];
  const bool judged_before = record.judged + 1 == judgements_;
  record.judged = judgements_;
  if (!judged_before || pace.speed >= kFraction * median) record.slow_since.reset();
  if (pace.speed < kFraction * median && !record.slow_since) record.slow_since = now;
  if (now < record.spared_until) return false;
  if (pace.silent >= kSilence && median > kFlowing) return true;
  return record.slow_since && now - *record.slow_since >= kPatience;
}

}  // namespace segdl
