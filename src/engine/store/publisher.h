// Publishes many small files together, so that durability costs them little each.
//
// A worker hands over a download that is whole and goes on with the next. One thread takes all that have come
// meanwhile: begins to sync their data, waits for it, gives each its name, and syncs each directory once. Only then
// does any of them count as done (J7: data, name, link count, directory, in that order). Thread-safe.
#pragma once

#include <segdl/error.h>
#include <segdl/task.h>

#include "engine/base/monitor.h"
#include "engine/store/output_file.h"
#include "engine/store/unnamed_file.h"

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

namespace segdl::engine {

class Publisher {
 public:
  struct Entry {
    std::unique_ptr<OutputFile> output_file;
    std::unique_ptr<UnnamedFile> file;  // of it, whole
    Sync sync = Sync::interval;
    // Called on the publisher's thread; `more_follow` but for the last of a batch.
    std::function<void(Result<void>, bool more_follow)> done;
    Result<void> step = {};  // the last that was done with it: after an error none follows
  };

  // `more_to_come`: whether downloads are under way that may soon be handed over; then a few milliseconds are waited
  // for them, so that fewer and larger batches are made. `most_held`: waiting and being published together, at least
  // 1; a thread that hands over one more waits. REQUIRES: everything handed over is done when it is destroyed.
  Publisher(std::size_t most_held, std::function<bool()> more_to_come);
  // Why nothing is published, if its thread could not be started: then nothing may be handed over.
  std::optional<Error> broken() const { return thread_ ? std::nullopt : std::optional(thread_.error()); }

  // Waits while too many are under way: each holds open files.
  void submit(Entry);

  // Publishes these, and calls `done` for each.
  static void publish(std::vector<Entry>);

 private:
  void run(const std::stop_token&) noexcept;

  const std::size_t most_held_;
  const std::function<bool()> more_to_come_;
  Mutex mutex_;
  Condition changed_;
  std::vector<Entry> waiting_ SEGDL_GUARDED_BY(mutex_);
  std::size_t under_way_ SEGDL_GUARDED_BY(mutex_) = 0;  // being published
  Result<std::jthread> thread_;                         // the last, since it uses all the others
};

}  // namespace segdl::engine
