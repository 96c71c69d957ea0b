// What a running download has done so far: written by its threads, read by whoever shows it. Thread-safe.
#pragma once

#include <segdl/task.h>

#include "engine/monitor.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace segdl::engine {

class Meter {
 public:
  Progress progress() const {
    const MutexLock lock(mutex_);
    return progress_;
  }

  void set_output(std::filesystem::path output) {
    const MutexLock lock(mutex_);
    progress_.output = std::move(output);
  }

  void enter(Phase phase) {
    const MutexLock lock(mutex_);
    progress_.phase = phase;
  }

  void note(std::string text) {
    const MutexLock lock(mutex_);
    progress_.note = std::move(text);
  }

  // One of the download's workers has got the right to use a connection, or given it back.
  void connected() {
    const MutexLock lock(mutex_);
    most_connections_ = std::max(most_connections_, ++progress_.connections);
  }
  void disconnected() {
    const MutexLock lock(mutex_);
    --progress_.connections;
  }

  unsigned most_connections() const {
    const MutexLock lock(mutex_);
    return most_connections_;
  }

  // A decision that belongs in the report as well.
  void remark(std::string text) {
    const MutexLock lock(mutex_);
    progress_.note = text;
    remarks_.push_back(std::move(text));
  }

  std::vector<std::string> remarks() const {
    const MutexLock lock(mutex_);
    return remarks_;
  }

  // A start, or a new one: `reused` bytes are claimed from an earlier run.
  void plan(std::optional<std::uint64_t> total, std::uint64_t reused) {
    const MutexLock lock(mutex_);
    progress_.total = total;
    progress_.done = progress_.reused = reused;
    progress_.verified = 0;
  }

  void received(std::uint64_t bytes) {
    const MutexLock lock(mutex_);
    progress_.fetched += bytes;
    progress_.done += bytes;
  }

  // Everything received so far was of another version.
  void start_over() {
    const MutexLock lock(mutex_);
    wasted_ = progress_.fetched;
    progress_.total.reset();
    progress_.done = progress_.reused = progress_.verified = 0;
  }

  // Received before, and now thrown away.
  void discarded(std::uint64_t bytes) {
    const MutexLock lock(mutex_);
    wasted_ += bytes;
    progress_.done -= bytes;
  }

  void proved(std::uint64_t bytes) {
    const MutexLock lock(mutex_);
    progress_.verified += bytes;
  }

  void revoked(std::uint64_t bytes) {
    const MutexLock lock(mutex_);
    revoked_ += bytes;
    progress_.reused -= bytes;
    progress_.done -= bytes;
  }

  void retried(std::string why) {
    const MutexLock lock(mutex_);
    ++progress_.retries;
    progress_.phase = Phase::waiting;
    progress_.note = std::move(why);
  }

  // Whoever has segments to show gives this, and takes it back, by an empty one, before it is gone: nobody is inside it
  // when this returns.
  void map_from(std::function<SegmentMap(std::size_t)> source) {
    const MutexLock lock(map_mutex_);
    map_source_ = std::move(source);
  }

  SegmentMap map(std::size_t cells) const {
    const MutexLock lock(map_mutex_);
    return map_source_ ? map_source_(cells) : SegmentMap();
  }

  std::uint64_t wasted() const {
    const MutexLock lock(mutex_);
    return wasted_;
  }

  std::uint64_t revoked_bytes() const {
    const MutexLock lock(mutex_);
    return revoked_;
  }

 private:
  mutable Mutex map_mutex_;  // taken before the source's
  std::function<SegmentMap(std::size_t)> map_source_ SEGDL_GUARDED_BY(map_mutex_);
  mutable Mutex mutex_;
  Progress progress_ SEGDL_GUARDED_BY(mutex_);
  std::uint64_t wasted_ SEGDL_GUARDED_BY(mutex_) = 0;
  std::uint64_t revoked_ SEGDL_GUARDED_BY(mutex_) = 0;
  unsigned most_connections_ SEGDL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> remarks_ SEGDL_GUARDED_BY(mutex_);
};

}  // namespace segdl::engine
