#include "engine/dispatcher.h"

#include "engine/errors.h"

#include <utility>

namespace segdl::engine {

Result<std::optional<Span>> Dispatcher::next(std::uint64_t limit, std::stop_token stop) {
  const MutexLock lock(mutex_);
  for (;;) {
    if (first_error_) return *first_error_;
    if (stop.stop_requested()) return cancelled();
    if (scheduler_.finished()) return std::optional<Span>();
    if (auto span = scheduler_.grant(limit)) return span;
    changed_.wait(mutex_, stop);
  }
}

bool Dispatcher::grant(Segment segment) {
  const MutexLock lock(mutex_);
  return scheduler_.grant(segment);
}

void Dispatcher::committed(Segment segment) {
  const MutexLock lock(mutex_);
  scheduler_.committed(segment);
  changed_.notify_all();
}

void Dispatcher::release(Span span) {
  const MutexLock lock(mutex_);
  scheduler_.release(span);
  changed_.notify_all();
}

std::optional<Segment> Dispatcher::next_to_prove() {
  const MutexLock lock(mutex_);
  return scheduler_.next_to_prove();
}

void Dispatcher::proved(Segment segment) {
  const MutexLock lock(mutex_);
  scheduler_.proved(segment);
  changed_.notify_all();
}

void Dispatcher::revoked(Segment segment) {
  const MutexLock lock(mutex_);
  scheduler_.revoked(segment);
  changed_.notify_all();
}

void Dispatcher::fail(Error error) {
  const MutexLock lock(mutex_);
  if (!first_error_) first_error_ = std::move(error);
  changed_.notify_all();
}

}  // namespace segdl::engine
