#include "engine/progress/event_log.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace segdl::engine {
namespace {

bool is_minor(const Event& event) {
  return std::holds_alternative<Retried>(event.what) || std::holds_alternative<Redirected>(event.what) ||
         std::holds_alternative<Noted>(event.what);
}

// Makes `range` cover `other` too, if they touch.
bool joined(Range& range, Range other) {
  if (range.end == other.begin) {
    range.end = other.end;
    return true;
  }
  if (other.end == range.begin) {
    range.begin = other.begin;
    return true;
  }
  return false;
}

}  // namespace

void EventLog::add(decltype(Event::what) what) {
  if (is_told(what)) return;
  if (events_.size() >= kMaxEvents) make_room();
  events_.push_back({next_++, clock_.wall(), std::move(what)});
}

std::vector<Event> EventLog::take() {
  std::vector<Event> taken(std::make_move_iterator(events_.begin()), std::make_move_iterator(events_.end()));
  events_.clear();
  return taken;
}

bool EventLog::is_told(const decltype(Event::what)& what) {
  if (events_.empty()) return false;
  auto& latest = events_.back().what;
  if (const auto* redirected = std::get_if<Redirected>(&what)) {  // many connections meet one at the same time
    const auto* before = std::get_if<Redirected>(&latest);
    return before != nullptr && *before == *redirected;
  }
  const auto* revoked = std::get_if<Revoked>(&what);
  auto* before = std::get_if<Revoked>(&latest);
  return revoked != nullptr && before != nullptr && joined(before->range, revoked->range);
}

void EventLog::make_room() {
  const auto minor = std::find_if(events_.begin(), events_.end(), is_minor);
  events_.erase(minor != events_.end() ? minor : events_.begin());
}

}  // namespace segdl::engine
