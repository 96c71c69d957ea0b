#include "core/schedule/scheduler.h"

#include "core/base/require.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <tuple>

namespace segdl {

// The inputs of a decision.
struct Scheduler::Terms {
  double now = 0;
  double speed = 0;      // the taker's
  double reconnect = 0;  // before the taker's first byte
  double typical = 0;    // the speed of a holder without a measured one

  double taker_needs(double bytes) const { return reconnect + bytes / speed; }
};

namespace {

// A speed that is not usable, for whatever reason, counts as unknown.
std::optional<double> known(double speed) {
  return speed > 0 && std::isfinite(speed) ? std::optional(speed) : std::nullopt;
}

}  // namespace

std::optional<Span> Scheduler::grant(Segment segment, WorkerId worker, Want want) {
  if (!states_.missing().contains(index(segment))) return std::nullopt;
  hold(worker, states_.take(segment, want.limit), want.now, want.speed);
  return held(worker);
}

bool Scheduler::take_first(WorkerId holder, WorkerId worker, double now, double speed) {
  const Span span = held(holder);
  require(!span.empty(), "a segment was to be taken from a worker that holds none");
  Holding& from = at(holder);
  const auto rival = from.rival;
  if (from.writing || (rival && at(*rival).writing)) return false;
  const double left = from.left - bytes({span.begin, span.begin + 1});
  if (rival) part(holder);
  drop_first(holder);
  at(holder).left = std::max(0.0, left);
  reorder(holder);
  hold(worker, {span.begin, span.begin + 1}, now, speed);
  if (rival) pair(worker, *rival);
  return true;
}

std::optional<Span> Scheduler::split(WorkerId worker, double now, Offer offer) {
  assert(states_.missing().empty());
  const Terms terms = this->terms(now, offer);
  const auto victim = latest(Order::split, Order::split_unmeasured, terms);
  if (!victim) return std::nullopt;
  const auto cut = fair_cut(at(*victim), terms);
  if (!cut) return std::nullopt;
  const Span taken{*cut, at(*victim).span.end};
  require(held(worker).empty() && at(*victim).span.begin < taken.begin && taken.begin < taken.end,
          "a span was cut where it is not");
  at(*victim).span.end = *cut;
  at(*victim).left = std::max(0.0, at(*victim).left - bytes(taken));
  reorder(*victim);
  hold(worker, taken, now + terms.reconnect, offer.speed);
  return taken;
}

std::optional<Hedge> Scheduler::hedge(WorkerId worker, double now, Offer offer) {
  assert(states_.missing().empty());
  const Terms terms = this->terms(now, offer);
  const auto slow = latest(Order::hedge, Order::hedge_unmeasured, terms);
  if (!slow) return std::nullopt;
  const Span span = at(*slow).span;
  // All that the loser has received is discarded, and the estimate is uncertain: so it must be clearly earlier.
  if (terms.taker_needs(bytes(span)) >= time_left(at(*slow), terms) / 2) return std::nullopt;
  const auto behind = at(*slow).rival;
  if (behind) {
    const auto speed = at(*behind).speed;
    if (!speed) return std::nullopt;  // it has just begun, and may still be fast enough
    part(*slow);
    drop_first(*behind);
  }
  hold(worker, span, now + terms.reconnect, offer.speed);
  pair(worker, *slow);
  return Hedge{span, behind};
}

Span Scheduler::held(WorkerId worker) const { return index(worker) < holdings_.size() ? at(worker).span : Span{}; }

void Scheduler::measured(WorkerId worker, double now, double speed, std::uint64_t filled) {
  if (held(worker).empty()) return;
  Holding& holding = at(worker);
  set_speed(holding, speed == 0 ? std::optional(0.0) : known(speed));
  holding.since = now;
  holding.left = std::max(0.0, bytes(holding.span) - static_cast<double>(filled));
  reorder(worker);
}

bool Scheduler::begin_commit(WorkerId worker, Segment segment) {
  const Span span = held(worker);
  if (index(segment) < span.begin || index(segment) >= span.end) return false;
  Holding& holding = at(worker);
  require(index(segment) == span.begin && !holding.writing, "a segment was to be written out of turn");
  if (holding.rival && at(*holding.rival).writing) {
    part(worker);
    drop_first(worker);
    return false;
  }
  holding.writing = true;
  reorder(worker);
  return true;
}

std::optional<WorkerId> Scheduler::committed(WorkerId worker, Segment segment) {
  const Span span = held(worker);
  require(!span.empty() && span.begin == index(segment) && at(worker).writing && !states_.is_done(segment),
          "a segment was written that was not this worker's to write");
  states_.done(segment);
  const auto loser = at(worker).rival;
  if (loser) {
    part(worker);
    drop_first(*loser);
  }
  drop_first(worker);
  return loser;
}

void Scheduler::release(WorkerId worker) {
  Span lost = held(worker);
  if (lost.empty()) return;
  if (at(worker).rival) {
    part(worker);
    ++lost.begin;
  }
  states_.give_back(lost);
  Holding& holding = at(worker);
  holding.span = {};
  holding.writing = false;
  set_speed(holding, std::nullopt);
  reorder(worker);
}

std::uint64_t Scheduler::steps() const {
  std::uint64_t steps = states_.steps();
  for (const auto& order : orders_) steps += order.key_comp().steps;
  return steps;
}

// If no speed at all is known, all are assumed to be equally fast, and the cost of a reconnect can't be expressed in
// bytes.
// A sum from which large speeds were subtracted may contain nothing but rounding errors.
Scheduler::Terms Scheduler::terms(double now, Offer offer) const {
  const bool moving = moving_ > 0 && moving_speed_ > 0;
  const auto offered = known(offer.speed);
  if (!moving && !offered) return {now, 1, 0, 1};
  const double typical = moving ? moving_speed_ / moving_ : *offered;
  return {now, offered.value_or(typical), offer.reconnect, typical};
}

// A worker that should be further than it reported is assumed to be at most at the end of its first segment.
double Scheduler::time_left(const Holding& holding, const Terms& terms) const {
  if (!holding.speed) return holding.left / terms.typical;
  if (*holding.speed <= 0) return std::numeric_limits<double>::infinity();
  const double rest = bytes({holding.span.begin + 1, holding.span.end}) / *holding.speed;
  return std::max(rest, end(holding) - terms.now);
}

std::optional<WorkerId> Scheduler::latest(Order measured, Order unmeasured, const Terms& terms) const {
  std::optional<WorkerId> found;
  for (const Order order : {measured, unmeasured}) {
    const auto& candidates = orders_[static_cast<std::size_t>(order)];
    if (candidates.empty()) continue;
    const WorkerId worker{candidates.rbegin()->second};
    if (!found || time_left(at(worker), terms) > time_left(at(*found), terms)) found = worker;
  }
  return found;
}

// Where to cut the holder's span so that both are done at the same time, as near as whole segments allow; nothing if
// that is not earlier by more than a reconnect.
std::optional<std::uint32_t> Scheduler::fair_cut(const Holding& holding, const Terms& terms) const {
  const std::uint32_t first = holding.span.begin + 1, last = holding.span.end - 1;
  const double time = time_left(holding, terms);
  if (std::isinf(time)) return first;
  const double speed = holding.speed.value_or(terms.typical);
  const double wanted = (time - terms.reconnect) / (1 / speed + 1 / terms.speed);
  const auto finish = [&](std::uint32_t cut) {
    const double taken = bytes({cut, holding.span.end});
    return std::max(time - taken / speed, terms.taker_needs(taken));
  };
  const double offset = static_cast<double>(states_.layout().range(holding.span).end) - wanted;
  const double whole = std::floor(offset / static_cast<double>(states_.layout().segment_size()));
  const std::uint32_t early = !(whole > first) ? first : whole < last ? static_cast<std::uint32_t>(whole) : last;
  const std::uint32_t late = std::min(early + 1, last);
  const std::uint32_t cut = finish(early) < finish(late) ? early : late;
  if (finish(cut) >= time - terms.reconnect) return std::nullopt;
  return cut;
}

void Scheduler::hold(WorkerId worker, Span span, double since, double speed) {
  require(held(worker).empty() && span.begin < span.end && span.end <= states_.layout().count(),
          "a span was given that is none, or to a worker that has one");
  if (index(worker) >= holdings_.size()) holdings_.resize(index(worker) + std::size_t{1});
  Holding& holding = at(worker);
  holding.span = span;
  holding.since = since;
  holding.left = bytes(span);
  set_speed(holding, known(speed));
  reorder(worker);
}

// Removes the worker's first segment: written, by it or by its rival.
void Scheduler::drop_first(WorkerId worker) {
  Holding& holding = at(worker);
  require(!holding.span.empty(), "a segment was taken from a worker that holds none");
  ++holding.span.begin;
  holding.writing = false;
  if (holding.span.empty()) set_speed(holding, std::nullopt);
  if (!holding.speed) holding.left = bytes(holding.span);
  reorder(worker);
}

void Scheduler::pair(WorkerId worker, WorkerId rival) {
  at(worker).rival = rival;
  at(rival).rival = worker;
  reorder(worker);
}

// Ends a hedge.
void Scheduler::part(WorkerId worker) {
  const WorkerId rival = *at(worker).rival;
  at(worker).rival.reset();
  at(rival).rival.reset();
  reorder(worker);
  reorder(rival);
}

void Scheduler::set_speed(Holding& holding, std::optional<double> speed) {
  assert(std::isfinite(speed.value_or(0)));
  for (const auto& [value, sign] : {std::pair(holding.speed, -1), std::pair(speed, 1)}) {
    if (value.value_or(0) <= 0) continue;
    moving_speed_ += sign * *value;
    moving_ += static_cast<std::uint32_t>(sign);
  }
  if (moving_ == 0) moving_speed_ = 0;  // what rounding has left
  holding.speed = speed;
}

double Scheduler::end(const Holding& holding) const { return holding.since + holding.left / *holding.speed; }

// Whether the worker is expected to have its first segment before its rival. A worker that moves is ahead of an
// unmeasured one, and that one of one that stands still.
bool Scheduler::ahead(WorkerId worker, WorkerId rival) const {
  const auto rank = [this](WorkerId one) {
    const Holding& holding = at(one);
    if (!holding.speed) return std::tuple(1, holding.left, one);
    return *holding.speed > 0 ? std::tuple(0, end(holding), one) : std::tuple(2, holding.left, one);
  };
  return rank(worker) < rank(rival);
}

Scheduler::Place Scheduler::place(WorkerId worker) const {
  const Holding& holding = at(worker);
  const std::uint32_t segments = holding.span.end - holding.span.begin;
  if (segments == 0 || (segments == 1 && holding.writing)) return {};
  if (segments == 1 && holding.rival && (at(*holding.rival).writing || !ahead(worker, *holding.rival))) return {};
  if (!holding.speed) return {segments > 1 ? Order::split_unmeasured : Order::hedge_unmeasured, holding.left};
  const double late = *holding.speed > 0 ? end(holding) : std::numeric_limits<double>::infinity();
  return {segments > 1 ? Order::split : Order::hedge, late};
}

// Updates the worker's place in the orders after a change; and its rival's, as only the one that is ahead has a place.
void Scheduler::reorder(WorkerId worker) {
  put(worker);
  if (const auto rival = at(worker).rival) put(*rival);
}

void Scheduler::put(WorkerId worker) {
  Place& old = at(worker).place;
  const Place place = this->place(worker);
  if (place == old) return;
  const auto order = [this](Place where) -> auto& { return orders_[static_cast<std::size_t>(where.order)]; };
  if (old.order != Order::none) order(old).erase({old.late, index(worker)});
  if (place.order != Order::none) order(place).emplace(place.late, index(worker));
  old = place;
}

}  // namespace segdl
