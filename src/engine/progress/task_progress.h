// What a running download has done so far: written by its threads, read by what shows it. Thread-safe. Where events
// are asked for, it keeps them as well.
#pragma once

#include <segdl/event.h>
#include <segdl/task.h>

#include "engine/progress/byte_counts.h"
#include "engine/progress/map_source.h"
#include "engine/progress/progress_record.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace segdl::engine {

class TaskProgress {
 public:
  // By this clock events are kept; null: they are not asked for. REQUIRES: it outlives this object.
  explicit TaskProgress(Clock* events) {
    const MutexLock lock(record_.mutex);
    if (events != nullptr) record_.events.emplace(*events);
  }
  TaskProgress(const TaskProgress&) = delete;
  TaskProgress& operator=(const TaskProgress&) = delete;

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
    record_.progress.phase = phase;
    if (phase == Phase::starting) record_.log(Started{});
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
    record_.tallies.remarks.push_back(std::move(text));
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
