#include "engine/store/publisher.h"

#include "core/base/errors.h"
#include "engine/base/threads.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <new>
#include <thread>
#include <utility>

namespace segdl::engine {
namespace {

constexpr std::size_t kGoodBatch = 64;
constexpr std::chrono::milliseconds kGather{4};
constexpr std::size_t kSyncers = 15;      // beside the publisher's own thread
constexpr std::size_t kWorthAThread = 4;  // files

// What a failed sync of the directory leaves is not known to be durable, and an output is only what is durable. The
// name was given where there was none, so nothing is lost that was there before.
Error take_back(UnnamedFile& file, Error error) {
  const auto back = file.take_name_back();
  if (back) {
    error.reason += "; the file was taken back";
  } else {
    error.reason += fmt::format("; its name stays, though it may not outlast a power cut ({})", back.error().reason);
  }
  return error;
}

// Syncs each directory in which something got a name; its error is that of all of them, and takes their names back.
// Nothing here allocates as long as nothing fails: the names are given.
void sync_directories(std::vector<Publisher::Entry>& entries, std::vector<Result<void>>& steps) {
  const auto waits = [&](std::size_t i) { return steps[i].ok() && entries[i].sync != Sync::none; };
  const auto is_first = [&](std::size_t i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (waits(k) && entries[k].directory == entries[i].directory) return false;
    }
    return true;
  };
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!waits(i) || !is_first(i)) continue;
    const auto synced = entries[i].output_file->directory().sync();
    for (std::size_t k = i; !synced && k < entries.size(); ++k) {
      if (waits(k) && entries[k].directory == entries[i].directory) {
        steps[k] = take_back(*entries[k].file, synced.error());
      }
    }
  }
}

// What is kept with each file of its name; all are named before the first waits.
void sync_names(std::vector<Publisher::Entry>& entries, std::vector<Result<void>>& steps) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!steps[i] || entries[i].sync == Sync::none) continue;
    const auto synced = entries[i].file->sync_name();
    if (!synced) steps[i] = take_back(*entries[i].file, synced.error());
  }
}

// By itself: what was thrown for one must not be reported for others that have got their names.
Result<void> name(UnnamedFile& file, Sync sync) {
  try {
    return file.give_name(sync);
  } catch (const std::bad_alloc& exception) {
    return error_of(exception, "publish");
  }
}

Result<void> sync_data(UnnamedFile& file) {
  try {
    return file.file().sync();
  } catch (const std::exception& exception) {  // on a thread of its own
    return error_of(exception, "publish");
  }
}

// Flushes of a disk that are asked for at the same time are one to it, and each by itself may take it milliseconds: so
// a few threads sync the files of a batch, or this one alone where no more can be had.
void sync_all(std::vector<Publisher::Entry>& entries, std::vector<Result<void>>& steps) {
  std::atomic<std::size_t> next = 0;
  const auto sync_some = [&] {
    for (std::size_t i = next++; i < entries.size(); i = next++) {
      if (entries[i].sync != Sync::none) steps[i] = sync_data(*entries[i].file);
    }
  };
  std::vector<std::jthread> helpers;
  helpers.reserve(kSyncers);
  for (std::size_t worth = 2 * kWorthAThread; worth <= entries.size() && helpers.size() < kSyncers;
       worth += kWorthAThread) {
    auto helper = start_thread(sync_some);
    if (!helper) break;
    helpers.push_back(std::move(*helper));
  }
  sync_some();
}

void publish_all(std::vector<Publisher::Entry>& entries, std::vector<Result<void>>& steps) {
  for (Publisher::Entry& entry : entries) {
    if (entry.sync != Sync::none) entry.file->file().start_sync();
  }
  sync_all(entries, steps);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (steps[i]) steps[i] = name(*entries[i].file, entries[i].sync);
    if (!steps[i]) entries[i].output_file->leave();
  }
  sync_names(entries, steps);
  sync_directories(entries, steps);
}

}  // namespace

Publisher::Publisher(std::size_t most_held, std::function<bool()> more_to_come)
    : most_held_(most_held), more_to_come_(std::move(more_to_come)) {
  auto started = start_thread([this](const std::stop_token& stop) { run(stop); });
  if (started) {
    thread_ = std::move(*started);
  } else {
    broken_ = std::move(started).error();
  }
}

void Publisher::submit(Entry entry) {
  const MutexLock lock(mutex_);
  while (waiting_.size() + under_way_ >= most_held_) changed_.wait(mutex_, {});
  waiting_.push_back(std::move(entry));
  if (waiting_.size() == 1 || waiting_.size() == kGoodBatch) changed_.notify_all();
}

void Publisher::publish(std::vector<Entry> entries) {
  std::vector<Result<void>> steps;
  std::optional<Error> thrown;
  try {
    steps.resize(entries.size());
    publish_all(entries, steps);
  } catch (const std::exception& exception) {  // the entry of a thread: out of memory, or a bug
    thrown = error_of(exception, "publish");
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i].file.reset();
    entries[i].output_file.reset();  // its lock is given up before the end is reported
    entries[i].done(thrown ? Result<void>(*thrown) : std::move(steps[i]), i + 1 < entries.size());
  }
}

void Publisher::run(const std::stop_token& stop) noexcept {
  for (;;) {
    std::vector<Entry> batch;
    {
      const MutexLock lock(mutex_);
      while (waiting_.empty() && !stop.stop_requested()) changed_.wait(mutex_, stop);
      if (waiting_.empty()) return;
      if (waiting_.size() < kGoodBatch && more_to_come_()) changed_.wait_for(mutex_, stop, kGather);
      batch.swap(waiting_);
      under_way_ = batch.size();
    }
    publish(std::move(batch));
    const MutexLock lock(mutex_);
    under_way_ = 0;
    changed_.notify_all();
  }
}

}  // namespace segdl::engine
