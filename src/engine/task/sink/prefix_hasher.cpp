#include "engine/task/sink/prefix_hasher.h"

#include "core/base/errors.h"
#include "engine/base/pieces.h"
#include "engine/base/threads.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace segdl::engine {

PrefixHasher::PrefixHasher(const std::optional<Checksum>& expected, File& data, Layout layout)
    : data_(data),
      layout_(layout),
      digest_(expected),
      buffer_(std::min<std::uint64_t>(kIoBuffer, layout.total())),
      settled_(layout.count()) {}

Result<void> PrefixHasher::start() {
  auto started = start_thread([this](const std::stop_token& stop) { run(stop); });
  if (!started) return std::move(started).error();
  thread_ = std::move(*started);
  return {};
}

void PrefixHasher::settled(Segment segment) {
  const MutexLock lock(mutex_);
  settled_[index(segment)] = true;
  if (index(segment) != front_) return;
  while (front_ < settled_.size() && settled_[front_]) ++front_;
  changed_.notify_all();
}

Result<void> PrefixHasher::finish(const std::string& subject, const std::stop_token& stop) {
  {
    const MutexLock lock(mutex_);
    while (!failed_ && hashed_ < layout_.total() && !stop.stop_requested()) changed_.wait(mutex_, stop);
    if (failed_) return *failed_;
    if (hashed_ < layout_.total()) return cancelled();
  }
  return digest_.check(subject);
}

// What is there to be hashed next; waits for it. Nothing: that was all.
std::optional<Range> PrefixHasher::next(const std::stop_token& stop) {
  const MutexLock lock(mutex_);
  for (;;) {
    const std::uint64_t there = layout_.range(Span{0, front_}).end;
    if (stop.stop_requested() || hashed_ == layout_.total()) return std::nullopt;
    if (there > hashed_) return Range{hashed_, std::min<std::uint64_t>(there, hashed_ + buffer_.size())};
    changed_.wait(mutex_, stop);
  }
}

Result<void> PrefixHasher::hash(Range range) {
  const auto bytes = std::span(buffer_).first(range.size());
  auto got = data_.read_at(range.begin, bytes);
  if (!got) return std::move(got).error();
  if (*got != bytes.size()) {
    return make_error(Cause::local, "verify", "", "the file became shorter while it was being read");
  }
  digest_.update(bytes);
  return {};
}

void PrefixHasher::fail(Error error) {
  const MutexLock lock(mutex_);
  failed_ = std::move(error);
  changed_.notify_all();
}

void PrefixHasher::run(const std::stop_token& stop) {
  try {
    while (const auto range = next(stop)) {
      auto step = hash(*range);
      if (!step) return fail(std::move(step).error());
      const MutexLock lock(mutex_);
      hashed_ = range->end;
      if (hashed_ == layout_.total()) changed_.notify_all();
    }
  } catch (const std::exception& exception) {  // the entry of a thread: out of memory, or a bug
    fail(error_of(exception, "verify"));
  }
}

}  // namespace segdl::engine
