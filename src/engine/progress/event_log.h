// The events of one download until they are taken. Not thread-safe: the record that holds it is locked.
#pragma once

#include <segdl/event.h>

#include "seams/clock.h"

#include <cstdint>
#include <deque>
#include <vector>

namespace segdl::engine {

class EventLog {
 public:
  // REQUIRES: the clock outlives it.
  explicit EventLog(Clock& clock) : clock_(clock) {}

  // What is no more than the event before it is left out; adjacent revoked ranges become one.
  void add(decltype(Event::what));

  std::vector<Event> take();

 private:
  bool is_told(const decltype(Event::what)&);
  void make_room();

  Clock& clock_;
  std::deque<Event> events_;
  std::uint64_t next_ = 0;
};

}  // namespace segdl::engine
