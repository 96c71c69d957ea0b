#include "engine/store/publisher.h"

#include "engine/base/threads.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
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
  error.reason +=
      back ? "; the file was taken back"
           : fmt::format("; its name stays, though it may not outlast a power cut ({})", back.error().reason);
  return error;
}

// What is thrown for one must not be reported for others that have got their names, nor leave a thread.
template <class Step>
Result<void> guarded(const Step& step) {
  try {
    return step();
  } catch (const std::exception& exception) {
    return error_of(exception, "publish");
  }
}

// Syncs each directory in which something got a name, by the open one, for its path may lead to another meanwhile; its
// error is that of all of them, and takes their names back. Nothing here allocates as long as nothing fails: the names
// are given.
void sync_directories(std::vector<Publisher::Entry>& entries) {
  for (auto first = entries.begin(); first != entries.end(); ++first) {
    Directory& directory = first->output_file->directory();
    const auto waits = [&directory](const Publisher::Entry& entry) {
      return entry.step && entry.sync != Sync::none && &entry.output_file->directory() == &directory;
    };
    if (!waits(*first) || std::any_of(entries.begin(), first, waits)) continue;
    const auto synced = directory.sync();
    for (auto entry = first; !synced && entry != entries.end(); ++entry) {
      if (waits(*entry)) entry->step = take_back(*entry->file, synced.error());
    }
  }
}

// What is kept with each file of its name; all are named before the first waits.
void sync_names(std::vector<Publisher::Entry>& entries) {
  for (Publisher::Entry& entry : entries) {
    if (!entry.step || entry.sync == Sync::none) continue;
    const auto synced = entry.file->sync_name();
    if (!synced) entry.step = take_back(*entry.file, synced.error());
  }
}

// Flushes of a disk that are asked for at the same time are one to it, and each by itself may take it milliseconds: so
// a few threads sync the files of a batch, or this one alone where no more can be had.
void sync_all(std::vector<Publisher::Entry>& entries) {
  std::atomic<std::size_t> next = 0;
  const auto sync_some = [&] {
    for (std::size_t i = next++; i < entries.size(); i = next++) {
      Publisher::Entry& entry = entries[i];
      if (entry.sync != Sync::none) entry.step = guarded([&] { return entry.file->file().sync(); });
    }
  };
  const std::size_t shares = std::clamp<std::size_t>(entries.size() / kWorthAThread, 1, 1 + kSyncers);
  // Without them it takes longer.
  const Result<std::vector<std::jthread>> helpers = start_threads(shares - 1, sync_some);
  sync_some();
}

void publish_all(std::vector<Publisher::Entry>& entries) {
  for (Publisher::Entry& entry : entries) {
    if (entry.sync != Sync::none) entry.file->file().start_sync();
  }
  sync_all(entries);
  for (Publisher::Entry& entry : entries) {
    if (entry.step) entry.step = guarded([&] { return entry.file->give_name(entry.sync); });
    if (!entry.step) entry.output_file->leave();
  }
  sync_names(entries);
  sync_directories(entries);
}

}  // namespace

Publisher::Publisher(std::size_t most_held, std::function<bool()> more_to_come)
    : most_held_(most_held),
      more_to_come_(std::move(more_to_come)),
      thread_(start_thread([this](const std::stop_token& stop) { run(stop); })) {}

void Publisher::submit(Entry entry) {
  const MutexLock lock(mutex_);
  while (waiting_.size() + under_way_ >= most_held_) changed_.wait(mutex_, {});
  waiting_.push_back(std::move(entry));
  if (waiting_.size() == 1 || waiting_.size() == kGoodBatch) changed_.notify_all();
}

void Publisher::publish(std::vector<Entry> entries) {
  std::optional<Error> thrown;
  try {
    publish_all(entries);
  } catch (const std::exception& exception) {  // the entry of a thread: out of memory, or a bug
    thrown = error_of(exception, "publish");
  }
  for (Entry& entry : entries) {
    entry.file.reset();
    entry.output_file.reset();  // its lock is given up before the end is reported
    entry.done(thrown ? Result<void>(*thrown) : std::move(entry.step), &entry != &entries.back());
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
