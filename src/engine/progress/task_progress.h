// What a running download has done so far: written by its threads, read by whoever shows it. Thread-safe. Where events
// are asked for, it keeps them as well.
#pragma once

#include <segdl/event.h>
#include <segdl/task.h>

#include "engine/base/monitor.h"
#include "engine/progress/event_log.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace segdl::engine {

class TaskProgress {
 public:
  // From here on events are kept. REQUIRES: the clock outlives the meter.
  void record_events(Clock& clock) {
    const MutexLock lock(mutex_);
    events_.emplace(clock);
  }

  std::vector<Event> take_events() {
    const MutexLock lock(mutex_);
    return events_ ? events_->take() : std::vector<Event>();
  }

  void started() {
    const MutexLock lock(mutex_);
    progress_.phase = Phase::starting;
    tell(Started{});
  }

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
    tell(Noted{text});
    progress_.note = std::move(text);
  }

  void redirected(Redirected redirect) {
    const MutexLock lock(mutex_);
    progress_.note = "redirected to " + redirect.to;
    tell(std::move(redirect));
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
    add_remark(std::move(text));
  }

  // What is odd in a response and was tolerated: each kind is remarked once.
  void tolerated(const std::vector<std::string_view>& oddities);

  // What the file system lacks, and what is done instead.
  void worked_around(std::string text) {
    const MutexLock lock(mutex_);
    tell(Noted{text});
    progress_.note = text;
    workarounds_.push_back(std::move(text));
  }

  std::vector<std::string> workarounds() const {
    const MutexLock lock(mutex_);
    return workarounds_;
  }

  std::vector<std::string> remarks() const {
    const MutexLock lock(mutex_);
    return remarks_;
  }

  // A start, or a new one.
  void plan(Planned plan) {
    const MutexLock lock(mutex_);
    progress_.total = plan.total;
    progress_.done = progress_.reused = plan.reused;
    progress_.verified = 0;
    if (!events_ || plan == planned_) return;  // nobody wants it, or it is told already
    planned_ = plan;
    tell(std::move(plan));
  }

  void received(std::uint64_t bytes) {
    const MutexLock lock(mutex_);
    progress_.fetched += bytes;
    progress_.done += bytes;
  }

  // The resource changed, and this is how it shows.
  void changed(const std::string& reason) {
    const MutexLock lock(mutex_);
    progress_.note = "the resource changed (" + reason + "): starting over";
    remarks_.push_back(progress_.note);
    tell(Changed{reason, progress_.done});
  }

  // Everything received so far was of another version.
  void start_over() {
    const MutexLock lock(mutex_);
    wasted_ = progress_.fetched;
    revoked_ranges_.clear();
    planned_.reset();
    progress_.total.reset();
    progress_.done = progress_.reused = progress_.verified = 0;
  }

  // Received before, and now thrown away.
  void discarded(std::uint64_t bytes) {
    const MutexLock lock(mutex_);
    wasted_ += bytes;
    progress_.done -= bytes;
  }

  // What was thrown away is of use after all.
  void regained(std::uint64_t bytes) {
    const MutexLock lock(mutex_);
    wasted_ -= bytes;
    progress_.done += bytes;
  }

  // Claimed from another tool's file.
  void adopted(std::uint64_t bytes) {
    const MutexLock lock(mutex_);
    progress_.done += bytes;
    progress_.reused += bytes;
  }

  void proved(std::uint64_t bytes) {
    const MutexLock lock(mutex_);
    progress_.verified += bytes;
  }

  void revoked(Range range) {
    const MutexLock lock(mutex_);
    revoked_ += range.size();
    revoked_ranges_.insert(range.begin);
    progress_.reused -= range.size();
    progress_.done -= range.size();
    tell(Revoked{range});
  }

  // A claim whose proof failed at the end: of an earlier run, unless it was fetched in this one.
  void damaged(Range, bool inherited);

  // `how` goes on behind the error's message: "; trying again in 1.0 s".
  void retried(Retried retry, const std::string& how) {
    const MutexLock lock(mutex_);
    ++progress_.retries;
    progress_.phase = Phase::waiting;
    progress_.note = retry.error.message() + how;
    tell(std::move(retry));
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
  void add_remark(std::string text) SEGDL_REQUIRES(mutex_) {
    tell(Noted{text});
    progress_.note = text;
    remarks_.push_back(std::move(text));
  }

  template <class What>
  void tell(What&& what) SEGDL_REQUIRES(mutex_) {
    if (events_) events_->add(std::forward<What>(what));
  }

  mutable Mutex map_mutex_;  // taken before the source's
  std::function<SegmentMap(std::size_t)> map_source_ SEGDL_GUARDED_BY(map_mutex_);
  mutable Mutex mutex_;
  Progress progress_ SEGDL_GUARDED_BY(mutex_);
  std::uint64_t wasted_ SEGDL_GUARDED_BY(mutex_) = 0;
  std::uint64_t revoked_ SEGDL_GUARDED_BY(mutex_) = 0;
  std::set<std::uint64_t> revoked_ranges_ SEGDL_GUARDED_BY(mutex_);  // where they begin: fetched in this run
  unsigned most_connections_ SEGDL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> remarks_ SEGDL_GUARDED_BY(mutex_);
  std::vector<std::string> workarounds_ SEGDL_GUARDED_BY(mutex_);
  std::optional<Planned> planned_ SEGDL_GUARDED_BY(mutex_);
  std::optional<EventLog> events_ SEGDL_GUARDED_BY(mutex_);
};

}  // namespace segdl::engine
