// Many downloads of one session, over real sockets and disks, and over fakes where the log of disk or server is the
// evidence.
#include "engine/session/session_scene.h"
#include "engine/session/session_state.h"
#include "support/fake_clock.h"
#include "support/fake_fs.h"
#include "support/fake_origin.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace segdl;
using namespace segdl::test;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds kPatience{30'000};

// A server of /pattern/SEED/SIZE/NAME.
struct PatternServer {
  explicit PatternServer(LoopbackOrigin::Options options = {}) : origin(script.pattern_paths(), std::move(options)) {}
  OriginScript script;
  LoopbackOrigin origin;

  Request request(const TemporaryDirectory& place, std::uint64_t seed, std::uint64_t size,
                  const std::string& name) const {
    return request_of(origin.url(fmt::format("/pattern/{}/{}/{}", seed, size, name)), place, "");
  }
};

// A session in a world of fakes.
struct FakeSession {
  explicit FakeSession(SessionOptions options) {
    script.pattern_paths();
    auto files = std::make_unique<FakeFs>();
    auto clock = std::make_unique<FakeClock>();
    disk = files.get();
    auto origin = std::make_unique<FakeOrigin>(script, *clock);
    session.emplace(engine::session_of(std::make_unique<engine::SessionState>(
        std::move(options),
        engine::World{std::move(files), std::move(clock), std::unique_ptr<Transport>(std::move(origin))})));
  }

  Task start(std::uint64_t seed, std::uint64_t size) {
    Request request;
    request.url = fmt::format("http://origin.test/pattern/{}/{}/f{}", seed, size, seed);
    auto task = session->download(request);
    REQUIRE(task.ok());
    return std::move(*task);
  }

  OriginScript script;
  FakeFs* disk;  // the session's
  std::optional<Session> session;
};

std::size_t entries_of(const char* directory) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory)) ++count;
  return count;
}

std::size_t descriptors() { return entries_of("/proc/self/fd"); }

std::size_t threads() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Threads:")) return std::strtoul(line.c_str() + 8, nullptr, 10);
  }
  return 0;
}

Task start(Session& session, Request request) {
  auto task = session.download(std::move(request));
  REQUIRE(task.ok());
  return std::move(*task);
}

// Starts a download in a slot and breaks it off in one of the ways there are, or not.
class Cycles {
 public:
  Cycles(Session& session, const PatternServer& server, const TemporaryDirectory& place, unsigned seed)
      : session_(session), server_(server), place_(place), random_(seed) {}

  void turn() {
    const auto slot = static_cast<unsigned>(random_() % kSlots);
    end(slot);
    tasks_[slot].emplace(start(session_, server_.request(place_, slot, size(slot), fmt::format("f{}", slot))));
    tasks_[random_() % kSlots].has_value() && random_() % 3 == 0 ? cancel_one() : pass();
  }

  void finish() {
    for (unsigned slot = 0; slot < kSlots; ++slot) {
      end(slot);
      if (!std::filesystem::exists(file(slot))) {
        auto task = start(session_, server_.request(place_, slot, size(slot), fmt::format("f{}", slot)));
        REQUIRE(task.wait_for(kPatience));
        REQUIRE(task.wait().ok());
      }
      CHECK(has_pattern(file(slot), slot, size(slot)));
    }
  }

 private:
  static constexpr unsigned kSlots = 6;

  // Small ones and such of many segments.
  static std::uint64_t size(unsigned slot) { return slot % 3 == 0 ? 10'000 : 400'000 + slot; }
  std::filesystem::path file(unsigned slot) const { return place_.path / fmt::format("f{}", slot); }

  void pass() {
    auto& task = tasks_[random_() % kSlots];
    if (task) task->wait_for(std::chrono::milliseconds(random_() % 4));
  }

  void cancel_one() {
    auto& task = tasks_[random_() % kSlots];
    if (task) task->cancel();
  }

  void end(unsigned slot) {
    auto& task = tasks_[slot];
    if (!task) return;
    if (random_() % 2 == 0) task->cancel();
    if (random_() % 2 == 0) {
      REQUIRE(task->wait_for(kPatience));
      const auto& result = task->wait();
      if (!result.ok() && result.error().cause != Cause::exists) CHECK(result.error().cause == Cause::cancelled);
      if (result.ok()) CHECK(has_pattern(file(slot), slot, size(slot)));
    }
    task.reset();
    if (random_() % 2 == 0) std::filesystem::remove(file(slot));
  }

  Session& session_;
  const PatternServer& server_;
  const TemporaryDirectory& place_;
  std::mt19937 random_;
  std::optional<Task> tasks_[kSlots];
};

}  // namespace

TEST_CASE("a thousand starts and cancels at random moments leave no thread, no descriptor and no wrong byte") {
  const unsigned seed = std::random_device{}();
  MESSAGE("seed " << seed);
  const TemporaryDirectory place;
  std::thread([] {}).join();  // with the first thread a sanitizer begins one of its own
  const std::size_t descriptors_before = descriptors();
  const std::size_t threads_before = threads();
  {
    PatternServer server({.limit_rate = 20 * kMiB});
    Session session({.connections = 16, .jobs = 4});
    Cycles cycles(session, server, place, seed);
    std::size_t most_threads = 0;
    for (int i = 0; i < 1000; ++i) {
      cycles.turn();
      most_threads = std::max(most_threads, threads());
    }
    cycles.finish();
    // The session's own, provers of claims, and one for each connection at the server.
    CHECK(most_threads <= threads_before + 16 + 2 + 4 * std::max(1U, std::thread::hardware_concurrency()) +
                              2 * server.origin.connections());
    CHECK(descriptors() <= descriptors_before + 200);
  }
  // A thread that was joined may still be counted for a moment.
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (threads() > threads_before && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  CHECK(threads() == threads_before);
  CHECK(descriptors() == descriptors_before);
}

TEST_CASE("every one of many small downloads is told of once, when it has ended") {
  constexpr unsigned kFiles = 300;
  const TemporaryDirectory place;
  PatternServer server;
  Session session({.connections = 8, .jobs = 8});
  std::map<std::uint64_t, std::pair<unsigned, Task>> tasks;
  for (unsigned i = 0; i < kFiles; ++i) {
    Task task = start(session, server.request(place, i, 1000 + i, fmt::format("f{}", i)));
    const std::uint64_t id = task.id();
    tasks.emplace(id, std::pair(i, std::move(task)));
  }
  while (!tasks.empty()) {
    const auto id = session.next_ended(kPatience);
    REQUIRE(id.has_value());
    const auto found = tasks.find(*id);
    REQUIRE(found != tasks.end());
    auto& [file, task] = found->second;
    REQUIRE(task.wait_for(0ms));
    REQUIRE(task.wait().ok());
    CHECK(has_pattern(place.path / fmt::format("f{}", file), file, 1000 + file));
    tasks.erase(found);
  }
  CHECK_FALSE(session.next_ended(kPatience).has_value());  // immediately
  CHECK(entries_of(place.path.c_str()) == kFiles);
}

TEST_CASE("downloads that go one after the other are told of in their order") {
  FakeSession world({.connections = 1, .jobs = 1});
  std::vector<Task> tasks;
  for (unsigned i = 0; i < 300; ++i) tasks.push_back(world.start(i, i % 7 == 0 ? 100'000 : 1000));
  std::vector<std::uint64_t> told;
  while (const auto id = world.session->next_ended(kPatience)) told.push_back(*id);
  REQUIRE(told.size() == tasks.size());
  // Small ones are published together while the next ones are under way: each kind keeps its order.
  for (const bool small : {false, true}) {
    std::vector<std::uint64_t> expected, got;
    const auto is_small = [&](std::uint64_t id) { return (id - tasks.front().id()) % 7 != 0; };
    for (const Task& task : tasks) {
      if (is_small(task.id()) == small) expected.push_back(task.id());
    }
    std::copy_if(told.begin(), told.end(), std::back_inserter(got), [&](auto id) { return is_small(id) == small; });
    CHECK(got == expected);
  }
}

TEST_CASE("small files have no journal, and many of them share one sync of their directory") {
  constexpr unsigned kFiles = 400;
  FakeSession world({.connections = 4, .jobs = 4});
  std::vector<Task> tasks;
  for (unsigned i = 0; i < kFiles; ++i) tasks.push_back(world.start(i, 5000));
  for (Task& task : tasks) {
    REQUIRE(task.wait_for(kPatience));
    REQUIRE(task.wait().ok());
  }
  std::size_t named = 0, syncs = 0, since = 0, journals = 0;
  for (const std::string& line : world.disk->log()) {
    journals += line.starts_with("open ") && line.find(".segdl") != std::string::npos ? 1 : 0;
    const bool names = line.starts_with("give-name ");
    named += names ? 1 : 0;
    since += names ? 1 : 0;
    if (line != "sync-directory") continue;
    ++syncs;
    CHECK(since > 0);  // none for nothing
    since = 0;
  }
  CHECK(named == kFiles);
  CHECK(since == 0);
  CHECK(syncs <= kFiles / 3);
  CHECK(journals == 0);
  CHECK(world.disk->names().size() == kFiles);
  for (unsigned i = 0; i < kFiles; i += 37) CHECK(world.disk->get(fmt::format("f{}", i)) == pattern_bytes(i, 5000));
}

TEST_CASE("no more downloads than jobs are asked for at once, however many connections there may be") {
  FakeSession world({.connections = 16, .jobs = 3});
  std::vector<Task> tasks;
  for (unsigned i = 0; i < 200; ++i) tasks.push_back(world.start(i, 9000));
  for (Task& task : tasks) REQUIRE(task.wait_for(kPatience));
  unsigned most = 0;
  for (const auto& asking : world.script.log()) most = std::max(most, asking.active);
  CHECK(most >= 1);
  CHECK(most <= 3);
}

TEST_CASE("a limit that is lifted lets a running download go on at full speed") {
  const TemporaryDirectory place;
  PatternServer server;
  Session session({.limit_rate = 64 * kKiB});
  Task task = start(session, server.request(place, 1, 8 * kMiB, "f"));  // two minutes at that rate
  while (task.progress().done == 0) std::this_thread::yield();
  session.set_limit_rate(0);
  REQUIRE(task.wait_for(kPatience));
  REQUIRE(task.wait().ok());
  CHECK(has_pattern(place.path / "f", 1, 8 * kMiB));
}

TEST_CASE("a limit that is set holds for what is read from then on, by all downloads together") {
  const TemporaryDirectory place;
  PatternServer server;
  Session session;
  session.set_limit_rate(512 * kKiB);
  const auto begun = std::chrono::steady_clock::now();
  std::vector<Task> tasks;
  for (unsigned i = 0; i < 4; ++i) {
    tasks.push_back(start(session, server.request(place, i, 80 * kKiB, fmt::format("f{}", i))));
  }
  for (Task& task : tasks) {
    REQUIRE(task.wait_for(kPatience));
    REQUIRE(task.wait().ok());
  }
  CHECK(std::chrono::steady_clock::now() - begun >= 450ms);  // 320 KiB take 625 ms
}

TEST_CASE("a download whose handle is gone is not told of") {
  const TemporaryDirectory place;
  PatternServer server;
  server.script.path("/stalls").size(500'000).stall_at(100'000, OriginScript::kAlways);
  Session session({.connections = 4, .jobs = 4});
  Task kept = start(session, server.request(place, 1, 1000, "kept"));
  Task ended = start(session, server.request(place, 2, 1000, "ended"));
  REQUIRE(ended.wait_for(kPatience));
  { const Task dropped = std::move(ended); }
  Request request = server.request(place, 0, 0, "");
  request.url = server.origin.url("/stalls");
  { const Task dropped = start(session, request); }
  CHECK(session.next_ended(kPatience) == kept.id());
  CHECK_FALSE(session.next_ended(kPatience).has_value());
}

TEST_CASE("a queued download that is cancelled ends at once and is told of") {
  const TemporaryDirectory place;
  PatternServer server;
  server.script.path("/stalls").size(500'000).stall_at(100'000, OriginScript::kAlways);
  Session session({.connections = 4, .jobs = 1});
  Request request = server.request(place, 0, 0, "");
  request.url = server.origin.url("/stalls");
  Task first = start(session, request);
  while (first.progress().done < 100'000) std::this_thread::yield();
  Task queued = start(session, server.request(place, 1, 1000, "queued"));
  Task dropped = start(session, server.request(place, 2, 1000, "dropped"));
  CHECK(queued.progress().phase == Phase::queued);
  queued.cancel();
  REQUIRE(queued.wait_for(0ms));
  REQUIRE_FALSE(queued.wait().ok());
  CHECK(queued.wait().error().cause == Cause::cancelled);
  CHECK(session.next_ended(kPatience) == queued.id());
  { const Task gone = std::move(dropped); }
  CHECK_FALSE(first.wait_for(0ms));
  first.cancel();
  REQUIRE(first.wait_for(kPatience));
  CHECK(session.next_ended(kPatience) == first.id());
  for (const auto& asking : server.script.log()) CHECK(asking.target == "/stalls");
}

TEST_CASE("a download to a consumer is cancelled like any other") {
  const TemporaryDirectory place;
  PatternServer server;
  server.script.path("/stalls").size(500'000).stall_at(100'000, OriginScript::kAlways);
  Session session;
  Request request = server.request(place, 0, 0, "");
  request.url = server.origin.url("/stalls");
  std::vector<std::byte> got;
  request.consumer = [&got](std::span<const std::byte> bytes) -> Result<void> {
    got.insert(got.end(), bytes.begin(), bytes.end());
    return {};
  };
  Task task = start(session, request);
  while (task.progress().done < 100'000) std::this_thread::yield();
  task.cancel();
  REQUIRE(task.wait_for(kPatience));
  REQUIRE_FALSE(task.wait().ok());
  CHECK(task.wait().error().cause == Cause::cancelled);
  CHECK(got == std::vector<std::byte>(pattern_bytes(1, 100'000)));
  CHECK(entries_of(place.path.c_str()) == 0);
}
