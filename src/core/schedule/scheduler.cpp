#include "core/schedule/scheduler.h"

#include "core/base/require.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <tuple>

namespace segdl {

// What a decision reckons with.
struct Scheduler::Terms {
  double now = 0;
  double speed = 0;      // the taker's
  double reconnect = 0;  // before the taker's first byte
  double typical = 0;    // the speed of a holder that was not measured

  double taker_needs(double bytes) const { return reconnect + bytes / speed; }
};

namespace {

// A speed that can be reckoned with. What is none, however it came about, counts as not known.
bool is_known(double speed) { return speed > 0 && std::isfinite(speed); }

}  // namespace

Scheduler::Scheduler(Layout layout, const std::vector<bool>& claims) : layout_(layout), is_done_(layout.count()) {
  assert(claims.size() == layout.count());
  for (std::uint32_t begin = 0, end = 0; begin < layout.count(); begin = end) {
    while (end < layout.count() && claims[end] == claims[begin]) ++end;
    (claims[begin] ? inherited_ : missing_).insert({begin, end});
  }
}

// In segments.
std::uint32_t Scheduler::most(std::uint64_t limit) const {
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(limit / layout_.segment_size(), 1, layout_.count()));
}

std::optional<Span> Scheduler::grant(Worker worker, std::uint64_t limit, double now, double speed) {
  if (missing_.empty()) return std::nullopt;
  hold(worker, missing_.take_front(most(limit)), now, speed);
  return held(worker);
}

std::optional<Span> Scheduler::grant_from(Segment segment, Worker worker, std::uint64_t limit, double now,
                                          double speed) {
  if (!is_missing(segment)) return std::nullopt;
  hold(worker, missing_.take_from(index(segment), most(limit)), now, speed);
  return held(worker);
}

bool Scheduler::take_first(Worker holder, Worker worker, double now, double speed) {
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

std::optional<Span> Scheduler::split(Worker worker, double now, Offer offer) {
  assert(missing_.empty());
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

std::optional<Span> Scheduler::hedge(Worker worker, double now, Offer offer) {
  assert(missing_.empty());
  const Terms terms = this->terms(now, offer);
  const auto slow = latest(Order::hedge, Order::hedge_unmeasured, terms);
  if (!slow) return std::nullopt;
  const Span span = at(*slow).span;
  // All that the loser has received is thrown away, and an estimate is only one: so "clearly earlier".
  if (terms.taker_needs(bytes(span)) >= time_left(at(*slow), terms) / 2) return std::nullopt;
  if (const auto behind = at(*slow).rival) {
    const auto speed = at(*behind).speed;
    if (!speed) return std::nullopt;  // it has only just begun, and may keep its promise yet
    part(*slow);
    drop_first(*behind);
  }
  hold(worker, span, now + terms.reconnect, offer.speed);
  pair(worker, *slow);
  return span;
}

std::optional<Worker> Scheduler::rival(Worker worker) const {
  return index(worker) < holdings_.size() ? at(worker).rival : std::nullopt;
}

Span Scheduler::held(Worker worker) const { return index(worker) < holdings_.size() ? at(worker).span : Span{}; }

void Scheduler::measured(Worker worker, double now, double speed, std::uint64_t filled) {
  if (held(worker).empty()) return;
  Holding& holding = at(worker);
  set_speed(holding, speed == 0 || is_known(speed) ? std::optional(speed) : std::nullopt);
  holding.since = now;
  holding.left = std::max(0.0, bytes(holding.span) - static_cast<double>(filled));
  reorder(worker);
}

bool Scheduler::begin_commit(Worker worker, Segment segment) {
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

void Scheduler::committed(Worker worker, Segment segment) {
  const Span span = held(worker);
  require(!span.empty() && span.begin == index(segment) && at(worker).writing && !is_done(segment),
          "a segment was written that was not this worker's to write");
  is_done_[index(segment)] = true;
  ++done_;
  if (revoked_.contains(index(segment))) revoked_.remove(index(segment));
  if (const auto loser = at(worker).rival) {
    part(worker);
    drop_first(*loser);
  }
  drop_first(worker);
}

void Scheduler::release(Worker worker) {
  Span lost = held(worker);
  if (lost.empty()) return;
  if (at(worker).rival) {
    part(worker);
    ++lost.begin;
  }
  missing_.insert(lost);
  Holding& holding = at(worker);
  holding.span = {};
  holding.writing = false;
  set_speed(holding, std::nullopt);
  reorder(worker);
}

void Scheduler::proved(Segment segment) {
  require(inherited_.contains(index(segment)), "a segment was proved that was not inherited");
  inherited_.remove(index(segment));
  is_done_[index(segment)] = true;
  ++done_;
}

void Scheduler::revoked(Segment segment) {
  if (is_done(segment)) {
    is_done_[index(segment)] = false;
    --done_;
  } else {
    inherited_.remove(index(segment));
  }
  missing_.insert({index(segment), index(segment) + 1});
  revoked_.insert({index(segment), index(segment) + 1});
}

std::optional<Segment> Scheduler::next_to_prove() {
  const auto next = inherited_.next(next_unproved_);
  if (!next) return std::nullopt;
  next_unproved_ = *next + 1;
  return Segment{*next};
}

std::uint64_t Scheduler::steps() const {
  std::uint64_t steps = missing_.steps() + inherited_.steps() + revoked_.steps();
  for (const auto& order : orders_) steps += order.key_comp().steps;
  return steps;
}

// Where no speed at all is known, all are taken to be equally fast, and what a reconnect costs can't be told in bytes.
// A sum from which large speeds were taken again may be left with nothing but rounding.
Scheduler::Terms Scheduler::terms(double now, Offer offer) const {
  const bool moving = moving_ > 0 && moving_speed_ > 0;
  if (!moving && !is_known(offer.speed)) return {now, 1, 0, 1};
  const double typical = moving ? moving_speed_ / moving_ : offer.speed;
  return {now, is_known(offer.speed) ? offer.speed : typical, offer.reconnect, typical};
}

// One that should be further by now than it has told is at the end of its first segment at most.
double Scheduler::time_left(const Holding& holding, const Terms& terms) const {
  if (!holding.speed) return holding.left / terms.typical;
  if (*holding.speed <= 0) return std::numeric_limits<double>::infinity();
  const double rest = bytes({holding.span.begin + 1, holding.span.end}) / *holding.speed;
  return std::max(rest, end(holding) - terms.now);
}

std::optional<Worker> Scheduler::latest(Order measured, Order unmeasured, const Terms& terms) const {
  std::optional<Worker> found;
  for (const Order order : {measured, unmeasured}) {
    const auto& candidates = orders_[static_cast<std::size_t>(order)];
    if (candidates.empty()) continue;
    const Worker worker{candidates.rbegin()->second};
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
  const double offset = static_cast<double>(layout_.range(holding.span).end) - wanted;
  const double whole = std::floor(offset / static_cast<double>(layout_.segment_size()));
  const std::uint32_t early = !(whole > first) ? first : whole < last ? static_cast<std::uint32_t>(whole) : last;
  const std::uint32_t late = std::min(early + 1, last);
  const std::uint32_t cut = finish(early) < finish(late) ? early : late;
  if (finish(cut) >= time - terms.reconnect) return std::nullopt;
  return cut;
}

void Scheduler::hold(Worker worker, Span span, double since, double speed) {
  require(held(worker).empty() && span.begin < span.end && span.end <= layout_.count(),
          "a span was given that is none, or to a worker that has one");
  if (index(worker) >= holdings_.size()) holdings_.resize(index(worker) + std::size_t{1});
  Holding& holding = at(worker);
  holding.span = span;
  holding.since = since;
  holding.left = bytes(span);
  set_speed(holding, is_known(speed) ? std::optional(speed) : std::nullopt);
  reorder(worker);
}

// The first segment is no longer this worker's: written, by it or by its rival.
void Scheduler::drop_first(Worker worker) {
  Holding& holding = at(worker);
  require(!holding.span.empty(), "a segment was taken from a worker that holds none");
  ++holding.span.begin;
  holding.writing = false;
  if (holding.span.empty()) set_speed(holding, std::nullopt);
  if (!holding.speed) holding.left = bytes(holding.span);
  reorder(worker);
}

void Scheduler::pair(Worker worker, Worker rival) {
  at(worker).rival = rival;
  at(rival).rival = worker;
  reorder(worker);
}

// Ends a hedge.
void Scheduler::part(Worker worker) {
  const Worker rival = *at(worker).rival;
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

// Whether it will have its first segment before its rival has it, as far as is known: who moves is ahead of who was not
// measured, and that one of who stands still.
bool Scheduler::ahead(Worker worker, Worker rival) const {
  const auto rank = [this](Worker one) {
    const Holding& holding = at(one);
    if (!holding.speed) return std::tuple(1, holding.left, one);
    return *holding.speed > 0 ? std::tuple(0, end(holding), one) : std::tuple(2, holding.left, one);
  };
  return rank(worker) < rank(rival);
}

Scheduler::Place Scheduler::place(Worker worker) const {
  const Holding& holding = at(worker);
  const std::uint32_t segments = holding.span.end - holding.span.begin;
  if (segments == 0 || (segments == 1 && holding.writing)) return {};
  if (segments == 1 && holding.rival && (at(*holding.rival).writing || !ahead(worker, *holding.rival))) return {};
  if (!holding.speed) return {segments > 1 ? Order::split_unmeasured : Order::hedge_unmeasured, holding.left};
  const double late = *holding.speed > 0 ? end(holding) : std::numeric_limits<double>::infinity();
  return {segments > 1 ? Order::split : Order::hedge, late};
}

// Puts the worker where it belongs in the orders, after a change; and its rival, as only who is ahead is in them.
void Scheduler::reorder(Worker worker) {
  put(worker);
  if (const auto rival = at(worker).rival) put(*rival);
}

void Scheduler::put(Worker worker) {
  Place& old = at(worker).place;
  const Place place = this->place(worker);
  if (place == old) return;
  const auto order = [this](Place where) -> auto& { return orders_[static_cast<std::size_t>(where.order)]; };
  if (old.order != Order::none) order(old).erase({old.late, index(worker)});
  if (place.order != Order::none) order(place).emplace(place.late, index(worker));
  old = place;
}

}  // namespace segdl
