// What a running download has done so far: written by its threads, read by what shows it. Thread-safe. Where events
// are asked for, it keeps them as well.
#pragma once

#include <segdl/event.h>
#include <segdl/segment_map.h>
#include <segdl/task.h>

#include "core/store/journal_format.h"
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

// What the report has beside the progress.
struct Tallies {
  std::uint64_t wasted = 0, revoked = 0;  // bytes
  unsigned most_connections = 0;
  std::vector<std::string> remarks;
  Hints hints;                           // that go with them
  std::vector<std::string> workarounds;  // of what the file system lacks
};

// What is known of it, under one mutex, so that what is read of it is of one moment.
struct ProgressRecord {
  template <class What>
  void log(What&& what) SEGDL_REQUIRES(mutex) {
    if (events) events->add(std::forward<What>(what));
  }

  mutable Mutex mutex;
  Progress progress SEGDL_GUARDED_BY(mutex);
  Tallies tallies SEGDL_GUARDED_BY(mutex);
  std::optional<EventLog> events SEGDL_GUARDED_BY(mutex);  // where they are asked for
};

// The bytes: how many are here, and what became of those that are not. Thread-safe.
class ByteCounts {
 public:
  // REQUIRES: the record outlives it.
  explicit ByteCounts(ProgressRecord& record) : record_(record) {}

  // A start, or a new one. `claimed` bytes are here, of an earlier task or of this one; all else that came is lost.
  void plan(const JournalIdentity&, std::uint64_t claimed = 0);

  void received(std::uint64_t bytes) {
    const MutexLock lock(record_.mutex);
    record_.progress.fetched += bytes;
    record_.progress.done += bytes;
  }

  // Received before, and now thrown away.
  void discarded(std::uint64_t bytes) {
    const MutexLock lock(record_.mutex);
    record_.tallies.wasted += bytes;
    record_.progress.done -= bytes;
  }

  // What was thrown away is of use after all.
  void regained(std::uint64_t bytes) {
    const MutexLock lock(record_.mutex);
    record_.tallies.wasted -= bytes;
    record_.progress.done += bytes;
  }

  // Claimed from another tool's file.
  void adopted(std::uint64_t bytes) {
    const MutexLock lock(record_.mutex);
    record_.progress.done += bytes;
    record_.progress.reused += bytes;
  }

  void proved(std::uint64_t bytes) {
    const MutexLock lock(record_.mutex);
    Progress& progress = record_.progress;
    progress.verified = std::min(progress.verified + bytes, std::max(progress.verified, progress.reused));
  }

  void revoked(Range);
  // A claim whose proof failed at the end: of an earlier run, unless it was fetched in this one.
  void damaged(Range, bool inherited);

  // The resource changed, and this is how it shows.
  void changed(const std::string& reason);
  // Everything received so far was of another version.
  void start_over();

 private:
  void take_away(std::uint64_t bytes) SEGDL_REQUIRES(record_.mutex);

  ProgressRecord& record_;
  std::set<std::uint64_t> revoked_ranges_ SEGDL_GUARDED_BY(record_.mutex);  // where they begin: fetched in this run
  std::optional<Planned> planned_ SEGDL_GUARDED_BY(record_.mutex);
};

// Where the map of its segments comes from, while there is one. Thread-safe.
class MapSource {
 public:
  // A dispatcher gives this, and takes it back, by an empty one, before it is gone: no thread is inside it when this
  // returns.
  void set(std::function<SegmentMap(std::size_t)> source) {
    const MutexLock lock(mutex_);
    source_ = std::move(source);
  }

  SegmentMap map(std::size_t cells) const {
    const MutexLock lock(mutex_);
    return source_ ? source_(cells) : SegmentMap();
  }

 private:
  mutable Mutex mutex_;  // taken before the source's
  std::function<SegmentMap(std::size_t)> source_ SEGDL_GUARDED_BY(mutex_);
};

class TaskProgress {
 public:
  // By this clock events are kept; null: they are not asked for. REQUIRES: it outlives this object.
  explicit TaskProgress(Clock* events) {
    const MutexLock lock(record_.mutex);
    if (events != nullptr) record_.events.emplace(*events);
  }

  ByteCounts& bytes() { return bytes_; }
  MapSource& segments() { return segments_; }

  Progress progress() const {
    const MutexLock lock(record_.mutex);
    return record_.progress;
  }

  Tallies tallies() const {
    const MutexLock lock(record_.mutex);
    return record_.tallies;
  }

  std::vector<Event> take_events() {
    const MutexLock lock(record_.mutex);
    return record_.events ? record_.events->take() : std::vector<Event>();
  }

  void set_output(std::filesystem::path output) {
    const MutexLock lock(record_.mutex);
    record_.progress.output = std::move(output);
  }

  void enter(Phase phase) {
    const MutexLock lock(record_.mutex);
    const Phase before = std::exchange(record_.progress.phase, phase);
    if (phase == Phase::starting) record_.log(Started{});
    if (phase == Phase::suspended && before != Phase::queued) record_.log(Suspended{});
  }

  // One of the download's workers has got the right to use a connection, or given it back.
  void connected() {
    const MutexLock lock(record_.mutex);
    unsigned& most = record_.tallies.most_connections;
    most = std::max(most, ++record_.progress.connections);
  }
  void disconnected() {
    const MutexLock lock(record_.mutex);
    --record_.progress.connections;
  }

  // `how` goes on behind the error's message: "; trying again in 1.0 s".
  void retried(Retried, const std::string& how);

  void redirected(Redirected redirect) {
    const MutexLock lock(record_.mutex);
    record_.progress.note = "redirected to " + redirect.to;
    record_.log(std::move(redirect));
  }

  void note(std::string text) {
    const MutexLock lock(record_.mutex);
    show(std::move(text));
  }

  // A decision that belongs in the report as well, and what would change it.
  void remark(std::string text, const Hints& hints = {}) {
    const MutexLock lock(record_.mutex);
    show(text);
    Hints& all = record_.tallies.hints;
    for (const Advice& hint : hints) {
      if (std::find(all.begin(), all.end(), hint) == all.end()) all.push_back(hint);
    }
    auto& remarks = record_.tallies.remarks;
    if (std::find(remarks.begin(), remarks.end(), text) == remarks.end()) remarks.push_back(std::move(text));
  }

  // What is odd in a response and was tolerated: each kind is remarked once.
  void tolerated(const std::vector<std::string_view>& oddities);

  // What the file system lacks, and what is done instead.
  void worked_around(std::string text) {
    const MutexLock lock(record_.mutex);
    show(text);
    record_.tallies.workarounds.push_back(std::move(text));
  }

 private:
  void show(std::string note) SEGDL_REQUIRES(record_.mutex) {
    record_.log(Noted{note});
    record_.progress.note = std::move(note);
  }

  ProgressRecord record_;
  ByteCounts bytes_{record_};
  MapSource segments_;
};

}  // namespace segdl::engine
