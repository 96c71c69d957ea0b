#include "core/scheduler.h"

#include <algorithm>
#include <cassert>

namespace segdl {

Scheduler::Scheduler(Layout layout, const std::vector<bool>& claims) : layout_(layout), state_(layout.count()) {
  assert(claims.size() == layout.count());
  for (std::uint32_t i = 0; i < layout.count(); ++i) {
    state_[i] = claims[i] ? State::inherited : State::missing;
    ++(claims[i] ? inherited_ : missing_);
  }
}

std::optional<Span> Scheduler::grant(std::uint64_t limit) {
  while (first_missing_ < state_.size() && state_[first_missing_] != State::missing) ++first_missing_;
  if (first_missing_ == state_.size()) return std::nullopt;
  const std::uint64_t most = std::max<std::uint64_t>(1, limit / layout_.segment_size());
  Span span{first_missing_, first_missing_};
  while (span.end < state_.size() && span.end - span.begin < most && state_[span.end] == State::missing) {
    state_[span.end++] = State::granted;
  }
  missing_ -= span.end - span.begin;
  first_missing_ = span.end;
  return span;
}

bool Scheduler::grant(Segment segment) {
  if (!is_missing(segment)) return false;
  state_[index(segment)] = State::granted;
  --missing_;
  return true;
}

void Scheduler::committed(Segment segment) {
  assert(state_[index(segment)] == State::granted);
  state_[index(segment)] = State::done;
  ++done_;
}

void Scheduler::release(Span span) {
  for (std::uint32_t i = span.begin; i < span.end; ++i) {
    if (state_[i] == State::granted) make_missing(i);
  }
}

void Scheduler::proved(Segment segment) {
  assert(state_[index(segment)] == State::inherited);
  state_[index(segment)] = State::done;
  --inherited_;
  ++done_;
}

void Scheduler::revoked(Segment segment) {
  const State state = state_[index(segment)];
  assert(state == State::inherited || state == State::done);
  --(state == State::inherited ? inherited_ : done_);
  make_missing(index(segment));
}

std::optional<Segment> Scheduler::next_to_prove() {
  while (next_unproved_ < state_.size() && state_[next_unproved_] != State::inherited) ++next_unproved_;
  if (next_unproved_ == state_.size()) return std::nullopt;
  return Segment{next_unproved_++};
}

void Scheduler::make_missing(std::uint32_t i) {
  state_[i] = State::missing;
  ++missing_;
  first_missing_ = std::min(first_missing_, i);
}

}  // namespace segdl
