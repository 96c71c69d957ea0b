// Many small files published together, on a disk that can lie: J7 for all of a batch, at the price of one directory
// sync.
#include "engine/store/publisher.h"
#include "engine/store/recovery.h"
#include "support/fake_clock.h"
#include "support/fake_fs.h"
#include "support/pattern.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace segdl;
using namespace segdl::engine;
using namespace segdl::test;

namespace {

constexpr unsigned kFiles = 5;
constexpr unsigned kSeeds = 4;  // of power cuts, at each point

std::string name_of(unsigned file) { return fmt::format("f{}", file); }
std::uint64_t size_of(unsigned file) { return 5000 + 4096 * std::uint64_t{file % 7}; }

// A download that is whole and not published; nothing if its place can't be had.
std::optional<Publisher::Entry> whole_download(std::shared_ptr<OpenDirectory> open, unsigned file,
                                               Sync sync = Sync::interval) {
  auto place = recover(std::move(open), name_of(file), Request{}, {});
  if (!place) return std::nullopt;
  auto unnamed = UnnamedFile::create(*place->output_file);
  if (!unnamed || !*unnamed || !(*unnamed)->write(pattern_bytes(file, size_of(file)))) return std::nullopt;
  return Publisher::Entry{std::move(place->output_file), std::move(*unnamed), sync, {}};
}

struct Batch {
  FakeFs disk;
  FakeClock clock;
  EmptyOutputs empty_outputs;
  std::vector<std::optional<Error>> errors = std::vector<std::optional<Error>>(kFiles);
  std::vector<bool> told = std::vector<bool>(kFiles);
  std::vector<bool> more_followed;
  std::size_t logged_at_first_done = 0;

  std::shared_ptr<OpenDirectory> open() {
    auto directory = disk.open_directory(".");
    if (!directory) return nullptr;
    return std::make_shared<OpenDirectory>(std::move(*directory), ".", clock.now(), empty_outputs);
  }

  // The downloads that are not there yet, whole and ready to be published.
  std::vector<Publisher::Entry> ready(Sync sync = Sync::interval) {
    return ready(std::vector<std::shared_ptr<OpenDirectory>>(kFiles, open()), sync);
  }

  // The same, each in the directory that is opened for it.
  std::vector<Publisher::Entry> ready(const std::vector<std::shared_ptr<OpenDirectory>>& opened,
                                      Sync sync = Sync::interval) {
    std::vector<Publisher::Entry> entries;
    for (unsigned i = 0; i < kFiles; ++i) {
      auto entry = opened[i] ? whole_download(opened[i], i, sync) : std::nullopt;
      if (!entry) continue;
      entry->done = [this, i](Result<void> step, bool more) {
        if (more_followed.empty()) logged_at_first_done = disk.log().size();
        told[i] = step.ok();
        if (!step) errors[i] = std::move(step).error();
        more_followed.push_back(more);
      };
      entries.push_back(std::move(*entry));
    }
    return entries;
  }

  bool whole(unsigned file) const { return disk.get(name_of(file)) == pattern_bytes(file, size_of(file)); }

  // Each output is absent or whole, and beside them there is nothing but empty data files.
  void check_disk() const {
    for (const std::string& name : disk.names()) {
      CAPTURE(name);
      if (name.ends_with(".part")) {
        CHECK(disk.get(name)->empty());
      } else {
        CHECK(name.size() == 2);
      }
    }
    for (unsigned i = 0; i < kFiles; ++i) CHECK((whole(i) || !disk.get(name_of(i))));
  }

  // What is missing is published by a rerun, and nothing is left over.
  void check_rerun() {
    std::vector<std::string> all;
    Publisher::publish(ready());
    for (unsigned i = 0; i < kFiles; ++i) {
      CHECK(whole(i));
      all.push_back(name_of(i));
    }
    CHECK(disk.names() == all);
  }
};

std::vector<std::size_t> lines(const std::vector<std::string>& log, const std::string& beginning) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < log.size(); ++i) {
    if (log[i].starts_with(beginning)) found.push_back(i);
  }
  return found;
}

std::vector<std::string> names_but(unsigned left_out) {
  std::vector<std::string> names;
  for (unsigned i = 0; i < kFiles; ++i) {
    if (i != left_out) names.push_back(name_of(i));
  }
  return names;
}

}  // namespace

TEST_CASE("all data is synced before the first name, and the directory once, before any counts as done") {
  Batch batch;
  Publisher::publish(batch.ready());
  const auto log = batch.disk.log();
  const auto syncs = lines(log, "sync (unnamed)");
  const auto names = lines(log, "give-name ");
  const auto directory = lines(log, "sync-directory");
  REQUIRE(syncs.size() == kFiles);
  REQUIRE(names.size() == kFiles);
  REQUIRE(directory.size() == 1);
  CHECK(syncs.back() < names.front());
  CHECK(names.back() < directory.front());
  CHECK(directory.front() < batch.logged_at_first_done);
  CHECK(batch.told == std::vector<bool>(kFiles, true));
  CHECK(batch.more_followed == std::vector<bool>{true, true, true, true, false});
  CHECK(batch.disk.names() == names_but(kFiles));
  batch.disk.power_cut(0);
  for (unsigned i = 0; i < kFiles; ++i) CHECK(batch.whole(i));
}

TEST_CASE("where a directory's sync does not cover link counts each file is synced once more, after all are named") {
  Batch batch;
  batch.disk.set_kind(kExt2);
  Publisher::publish(batch.ready());
  const auto log = batch.disk.log();
  const auto syncs = lines(log, "sync-name ");
  REQUIRE(syncs.size() == kFiles);
  CHECK(lines(log, "give-name ").back() < syncs.front());
  CHECK(syncs.back() < lines(log, "sync-directory").front());
  CHECK(batch.told == std::vector<bool>(kFiles, true));
  batch.disk.power_cut(0);
  for (unsigned i = 0; i < kFiles; ++i) CHECK(batch.whole(i));
}

TEST_CASE("a failed sync of a name takes that name back, and no other") {
  Batch batch;
  auto entries = batch.ready();
  batch.disk.fail_kind("sync-name", 3, "Input/output error");
  Publisher::publish(std::move(entries));
  CHECK(batch.disk.names() == names_but(2));
  REQUIRE(batch.errors[2].has_value());
  CHECK(batch.errors[2]->reason == "Input/output error; the file was taken back");
  batch.check_rerun();
}

TEST_CASE("each directory of a batch is synced once") {
  Batch batch;
  const auto even = batch.open(), odd = batch.open();
  auto entries = batch.ready({even, odd, even, odd, even});
  Publisher::publish(std::move(entries));
  CHECK(lines(batch.disk.log(), "sync-directory").size() == 2);
  CHECK(batch.told == std::vector<bool>(kFiles, true));
}

TEST_CASE("a failed sync of data fails its file only, which gets no name") {
  for (unsigned failing = 0; failing < kFiles; ++failing) {
    CAPTURE(failing);
    Batch batch;
    auto entries = batch.ready();
    batch.disk.fail_kind("sync", failing + 1, "Input/output error");
    Publisher::publish(std::move(entries));
    for (unsigned i = 0; i < kFiles; ++i) CHECK(batch.told[i] == (i != failing));
    REQUIRE(batch.errors[failing].has_value());
    CHECK(batch.errors[failing]->cause == Cause::local);
    CHECK(batch.errors[failing]->reason == "Input/output error");
    CHECK(lines(batch.disk.log(), "give-name " + name_of(failing)).empty());
    CHECK(batch.disk.names() == names_but(failing));
    batch.check_rerun();
  }
}

TEST_CASE("a failed sync of the directory takes back the names that were given in it, and the rerun gives them") {
  Batch batch;
  auto entries = batch.ready();
  batch.disk.put(name_of(2), pattern_bytes(99, 10));  // not this run's: it stays
  batch.disk.fail_kind("sync-directory", 1, "Input/output error");
  Publisher::publish(std::move(entries));
  CHECK(batch.disk.names() == std::vector<std::string>{name_of(2)});
  CHECK(batch.disk.get(name_of(2)) == pattern_bytes(99, 10));
  for (unsigned i = 0; i < kFiles; ++i) {
    REQUIRE(batch.errors[i].has_value());
    if (i != 2) CHECK(batch.errors[i]->reason == "Input/output error; the file was taken back");
  }
  batch.disk.move(name_of(2), "kept");
  Publisher::publish(batch.ready());
  for (unsigned i = 0; i < kFiles; ++i) CHECK(batch.whole(i));
}

TEST_CASE("a failed sync of the directory fails all that got a name in it, and no others") {
  Batch batch;
  const auto failing = batch.open(), sound = batch.open();
  auto entries = batch.ready({failing, failing, sound, sound, sound});
  batch.disk.fail_kind("sync-directory", 1, "Input/output error");
  Publisher::publish(std::move(entries));
  for (unsigned i = 0; i < kFiles; ++i) {
    CAPTURE(i);
    CHECK(batch.told[i] == (i >= 2));
    CHECK(batch.errors[i].has_value() == (i < 2));
    if (batch.errors[i]) CHECK(batch.errors[i]->cause == Cause::local);
  }
}

TEST_CASE("an output that appeared meanwhile is not replaced, and its download leaves nothing") {
  Batch batch;
  auto entries = batch.ready();
  batch.disk.put(name_of(2), pattern_bytes(99, 10));
  Publisher::publish(std::move(entries));
  REQUIRE(batch.errors[2].has_value());
  CHECK(batch.errors[2]->cause == Cause::exists);
  CHECK(batch.disk.get(name_of(2)) == pattern_bytes(99, 10));
  CHECK(batch.disk.names() == names_but(kFiles));
  for (unsigned i = 0; i < kFiles; ++i) CHECK((i == 2 || (batch.told[i] && batch.whole(i))));
}

TEST_CASE("without syncs nothing is synced") {
  Batch batch;
  Publisher::publish(batch.ready(Sync::none));
  CHECK(lines(batch.disk.log(), "sync").empty());
  CHECK(batch.told == std::vector<bool>(kFiles, true));
  CHECK(batch.disk.names() == names_but(kFiles));
}

TEST_CASE("a failure of any operation is told of the files it concerns, and the rerun publishes them") {
  for (std::uint64_t k = 1;; ++k) {
    CAPTURE(k);
    Batch batch;
    auto entries = batch.ready();
    batch.disk.fail_at(batch.disk.operations() + k, "Input/output error");
    Publisher::publish(std::move(entries));
    if (!batch.disk.fired()) break;
    for (unsigned i = 0; i < kFiles; ++i) {
      CAPTURE(i);
      CHECK(batch.told[i] != batch.errors[i].has_value());
      if (batch.told[i]) CHECK(batch.whole(i));
    }
    batch.check_disk();
    batch.check_rerun();
  }
}

TEST_CASE("a power cut at any operation leaves each file absent or whole, and none that was told of is lost") {
  std::uint64_t points = 0;
  for (bool fires = true; fires; ++points) {
    for (unsigned seed = 0; seed < kSeeds; ++seed) {
      CAPTURE(points);
      CAPTURE(seed);
      Batch batch;
      auto entries = batch.ready();
      batch.disk.crash_at(batch.disk.operations() + points + 1);
      Publisher::publish(std::move(entries));
      fires = batch.disk.fired();
      const auto told = batch.told;
      batch.disk.power_cut(seed);
      batch.check_disk();
      for (unsigned i = 0; i < kFiles; ++i) CHECK((!told[i] || batch.whole(i)));
      if (fires) CHECK(std::count(told.begin(), told.end(), true) == 0);  // the directory's sync is the last operation
      batch.check_rerun();
    }
  }
  CHECK(points > 3 * kFiles);
}

TEST_CASE("a kill at any operation leaves each file absent or whole, and the rerun publishes the rest") {
  std::uint64_t points = 0;
  for (bool fires = true; fires; ++points) {
    CAPTURE(points);
    Batch batch;
    auto entries = batch.ready();
    batch.disk.crash_at(batch.disk.operations() + points + 1);
    Publisher::publish(std::move(entries));
    fires = batch.disk.fired();
    batch.disk.kill();
    batch.check_disk();
    batch.check_rerun();
  }
  CHECK(points > 3 * kFiles);
}

TEST_CASE("what many threads hand over is published once each, many at a time") {
  constexpr unsigned kThreads = 4;
  constexpr unsigned kEach = 100;
  FakeFs disk;
  FakeClock clock;
  DirectoryCache directories(disk, clock);
  const auto open = directories.open(".");
  REQUIRE(open.ok());
  std::mutex mutex;
  std::condition_variable changed;
  std::multiset<unsigned> done;
  unsigned batches = 0;
  {
    Publisher publisher(96, [] { return true; });
    std::vector<std::jthread> threads;
    for (unsigned thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (unsigned i = 0; i < kEach; ++i) {
          const unsigned file = 100 + thread * kEach + i;
          auto entry = whole_download(*open, file);
          if (!entry) return;
          entry->done = [&, file](const Result<void>& step, bool more) {
            const std::lock_guard lock(mutex);
            if (step) done.insert(file);
            batches += more ? 0 : 1;
            changed.notify_all();
          };
          publisher.submit(std::move(*entry));
        }
      });
    }
    std::unique_lock lock(mutex);
    CHECK(changed.wait_for(lock, std::chrono::seconds(60), [&] { return done.size() == kThreads * kEach; }));
  }
  CHECK(std::set<unsigned>(done.begin(), done.end()).size() == kThreads * kEach);
  CHECK(lines(disk.log(), "sync-directory").size() == batches);
  CHECK(batches <= kThreads * kEach / 2);
  CHECK(disk.names().size() == kThreads * kEach);
}
