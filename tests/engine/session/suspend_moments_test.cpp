// A task suspended at any moment, by any thread, and what takes its bytes as they come.
#include "engine/session/session_state.h"
#include "engine/session/suspend_scene.h"
#include "support/world.h"

#include <fmt/format.h>

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <fstream>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace segdl;
using namespace segdl::test;

namespace {

// A session in a world of fakes.
struct FakeSession {
  FakeSession(OriginScript& script, SessionOptions options)
      : session(engine::session_of(std::make_unique<engine::SessionState>(
            std::move(options), engine::World{take(disk), take(clock),
                                              std::unique_ptr<Transport>(std::make_unique<FakeOrigin>(
                                                  script, *clock, [this] { answered(); }))}))) {}

  // The answer to this request, the first being 1, comes once suspend() was called.
  void suspend_at(unsigned request) { at_ = request; }
  void suspend(Task& task) {
    REQUIRE(becomes([this] { return asked_ >= at_; }));
    task.suspend();
    may_go_ = true;
    REQUIRE(becomes_suspended(task));
  }

  FakeFs* disk = new FakeFs;  // the session's, and so is the next
  FakeClock* clock = new FakeClock;

 private:
  template <class T>
  static std::unique_ptr<T> take(T* owned) {
    return std::unique_ptr<T>(owned);
  }
  void answered() {
    if (++asked_ == at_) becomes([this] { return may_go_.load(); });
  }

  unsigned at_ = 0;
  std::atomic<unsigned> asked_ = 0;
  std::atomic<bool> may_go_ = false;

 public:
  Session session;
};

}  // namespace

TEST_CASE("suspended time counts for no limit") {
  for (const bool is_late : {false, true}) {
    CAPTURE(is_late);
    OriginScript script;
    script.size(kSize).cut_every(300'000);
    FakeSession fakes(script, {.max_time = 1h, .connections = 1});
    fakes.suspend_at(3);
    script.on(1, [&](Answer&) { fakes.clock->advance(30min); });
    if (is_late) script.on(4, [&](Answer&) { fakes.clock->advance(31min); });
    auto task = fakes.session.download(World::request());
    REQUIRE(task.ok());
    fakes.suspend(*task);
    fakes.clock->advance(24h * 7);
    task->resume();
    const auto& report = task->wait();
    CHECK(report.ok() == !is_late);
    if (report) {
      CHECK(report->elapsed == 30min);
    } else {
      CHECK(report.error().out_of_time);
    }
  }
}

TEST_CASE("suspended at any of its requests it comes to the same") {
  for (const std::uint64_t size : {std::uint64_t{3000}, 4 * kMiB}) {
    for (unsigned request = 1, last = 1; request <= last; ++request) {
      CAPTURE(size);
      CAPTURE(request);
      OriginScript script;
      script.size(size).cut_every(300'000);
      FakeSession fakes(script, {.connections = 1});
      fakes.suspend_at(request);
      auto task = fakes.session.download(World::request());
      REQUIRE(task.ok());
      fakes.suspend(*task);
      task->resume();
      const auto& report = task->wait();
      if (!report) MESSAGE(report.error().message());
      REQUIRE(report.ok());
      CHECK(fakes.disk->has_pattern("f", 1, size));
      CHECK(fakes.disk->names() == std::vector<std::string>{"f"});
      CHECK(report->reused == 0);
      check_sums(*report);
      if (size > kMiB) last = static_cast<unsigned>(script.log().size()) - 2;
    }
  }
}

TEST_CASE("a consumer gets each byte once, and the end of what it was given is proved") {
  Server server;
  server.script.size(kSize).drip(4 * kKiB, 1ms);
  const TemporaryDirectory place;
  Session session;
  std::atomic<std::uint64_t> given = 0;
  std::uint64_t wrong = 0;
  Request request = request_for(server, place);
  request.output.clear();
  request.consumer = [&](std::span<const std::byte> bytes) -> Result<void> {
    const auto expected = pattern_at(given, bytes.size());
    if (!std::equal(bytes.begin(), bytes.end(), expected.begin(), expected.end())) ++wrong;
    given += bytes.size();
    return {};
  };
  auto task = session.download(request);
  REQUIRE(task.ok());
  for (const std::uint64_t until : {kMiB, 2 * kMiB}) {
    REQUIRE(becomes([&] { return given >= until; }));
    task->suspend();
    REQUIRE(becomes_suspended(*task));
    const std::uint64_t before = given;
    CHECK_FALSE(task->wait_for(20ms));
    CHECK(given == before);
    task->resume();
  }
  const auto& report = task->wait();
  if (!report) MESSAGE(report.error().message());
  REQUIRE(report.ok());
  CHECK(given == kSize);
  CHECK(wrong == 0);
  CHECK(report->wasted == 0);
  check_sums(*report);
}

TEST_CASE("a consumer whose resource has no strong validator is told why it can't go on") {
  Server server;
  server.script.size(kSize).no_validator().drip(4 * kKiB, 1ms);
  const TemporaryDirectory place;
  Session session;
  std::atomic<std::uint64_t> given = 0;
  Request request = request_for(server, place);
  request.consumer = [&](std::span<const std::byte> bytes) -> Result<void> {
    given += bytes.size();
    return {};
  };
  auto task = session.download(request);
  REQUIRE(task.ok());
  REQUIRE(becomes([&] { return given >= kMiB; }));
  task->suspend();
  REQUIRE(becomes_suspended(*task));
  task->resume();
  const auto& report = task->wait();
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::integrity);
  CHECK(report.error().message().find(fmt::format("suspended after {} bytes", given.load())) != std::string::npos);
}

TEST_CASE("a consumer that was given everything before a suspension needs nothing more") {
  Server server;
  server.script.size(64 * kKiB).etag("W/\"weak\"");
  const TemporaryDirectory place;
  Session session({.limit_rate = 64 * kKiB});
  std::atomic<Task*> handle = nullptr;
  std::uint64_t given = 0;
  Request request = request_for(server, place);
  request.start_suspended = true;
  request.consumer = [&](std::span<const std::byte> bytes) -> Result<void> {
    given += bytes.size();
    if (given == 64 * kKiB) handle.load()->suspend();  // what was received is paid for after that
    return {};
  };
  auto task = session.download(request);
  REQUIRE(task.ok());
  handle = &*task;
  task->resume();
  REQUIRE(becomes([&] {
    const Phase phase = task->progress().phase;
    return phase == Phase::suspended || phase == Phase::ended;
  }));
  task->resume();
  const auto& report = task->wait();
  if (!report) MESSAGE(report.error().message());
  REQUIRE(report.ok());
  CHECK(given == 64 * kKiB);
}

TEST_CASE("a consumer that ends its download ends it, suspended or not") {
  for (const bool suspended : {false, true}) {
    CAPTURE(suspended);
    Server server;
    server.script.size(kSize);
    const TemporaryDirectory place;
    Session session;
    std::atomic<Task*> handle = nullptr;
    unsigned calls = 0;
    Request request = request_for(server, place);
    request.start_suspended = true;
    request.consumer = [&](std::span<const std::byte>) -> Result<void> {
      ++calls;
      if (suspended) handle.load()->suspend();
      return Error{Cause::cancelled, Remedy::stop, "take"};
    };
    auto task = session.download(request);
    REQUIRE(task.ok());
    handle = &*task;
    task->resume();
    REQUIRE(task->wait_for(10s));
    CHECK(task->wait().error().operation == "take");
    CHECK(calls == 1);
  }
}

TEST_CASE("a pipe stays open, and its reader gets each byte once") {
  Server server;
  server.script.size(kSize).drip(16 * kKiB, 1ms);
  const TemporaryDirectory place;
  const auto pipe = place.path / "f";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  std::vector<char> read(kSize + 1);
  std::atomic<std::uint64_t> got = 0;
  std::thread reader([&] {
    std::ifstream from(pipe, std::ios::binary);
    while (from) {  // slowly, so that its writer waits for it
      from.read(read.data() + got, std::min<std::streamsize>(8192, static_cast<std::streamsize>(read.size() - got)));
      got += static_cast<std::uint64_t>(from.gcount());
      std::this_thread::sleep_for(1ms);
      if (got == read.size()) break;
    }
  });
  Session session;
  {
    auto task = session.download(request_for(server, place));
    REQUIRE(task.ok());
    for (int i = 1; i < 4; ++i) {
      REQUIRE(becomes([&] { return got >= static_cast<unsigned>(i) * kMiB; }));
      task->suspend();
      REQUIRE(becomes_suspended(*task));
      task->resume();
    }
    const auto& report = task->wait();
    if (!report) MESSAGE(report.error().message());
    CHECK(report.ok());
    reader.join();  // it has seen the end, though the handle is there
  }
  CHECK(got == kSize);
  read.resize(kSize);
  const auto expected = pattern_at(0, kSize);
  CHECK(std::memcmp(read.data(), expected.data(), kSize) == 0);
}

TEST_CASE("suspended and resumed by several threads at random, all of it arrives, and a cancel ends it") {
  std::mt19937 random(7);
  for (int round = 0; round < 12; ++round) {
    CAPTURE(round);
    Server server;
    server.script.size(kMiB).drip(8 * kKiB, 1ms);
    const TemporaryDirectory place;
    Session session({.connections = 3, .jobs = 2});
    auto task = session.download(request_for(server, place));
    REQUIRE(task.ok());
    {
      std::vector<std::jthread> users;
      for (int i = 0; i < 3; ++i) {
        users.emplace_back([&task, seed = random()] {
          std::mt19937 mine(static_cast<std::mt19937::result_type>(seed));
          for (int n = 0; n < 30; ++n) {
            mine() % 2 == 0 ? task->suspend() : task->resume();
            std::this_thread::sleep_for(std::chrono::microseconds(mine() % 3000));
          }
        });
      }
    }
    if (round % 3 == 0) {
      task->cancel();
      REQUIRE(task->wait_for(10s));
      continue;
    }
    task->resume();
    REQUIRE(task->wait_for(30s));
    const auto& report = task->wait();
    if (!report) MESSAGE(report.error().message());
    REQUIRE(report.ok());
    CHECK(has_pattern(place.path / "f", 1, kMiB));
    check_sums(*report);
  }
}

TEST_CASE("a cancel ends a task that is being suspended or resumed") {
  Server server;
  server.script.size(kMiB).drip(8 * kKiB, 1ms);
  const TemporaryDirectory place;
  Session session({.connections = 2, .jobs = 2});
  std::mt19937 random(11);
  for (int round = 0; round < 150; ++round) {
    auto task = session.download(request_for(server, place));
    REQUIRE(task.ok());
    if (round % 3 == 0) REQUIRE(becomes([&] { return task->progress().phase != Phase::queued; }));
    std::jthread user([&task, pause = random() % 300] {
      task->suspend();
      std::this_thread::sleep_for(std::chrono::microseconds(pause));
      if (pause % 2 == 0) task->resume();
    });
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 600));
    task->cancel();
    REQUIRE(task->wait_for(10s));
    CHECK(task->wait().error().cause == Cause::cancelled);
  }
}

TEST_CASE("a thousand suspended tasks hold no thread and no file") {
  Server server;
  server.script.size(64 * kKiB).drip(16 * kKiB, 1ms);
  const TemporaryDirectory place;
  Session session({.connections = 2, .jobs = 4});
  std::vector<Task> tasks;
  for (int i = 0; i < 1000; ++i) {
    auto task = session.download(request_for(server, place, fmt::to_string(i)));
    REQUIRE(task.ok());
    tasks.push_back(std::move(*task));
  }
  for (Task& task : tasks) task.suspend();
  const auto active = [&] {
    return std::count_if(tasks.begin(), tasks.end(), [](const Task& task) {
      const Phase phase = task.progress().phase;
      return phase != Phase::suspended && phase != Phase::ended;
    });
  };
  CHECK(becomes([&] { return active() == 0; }));
  CHECK(open_in(place.path) == 0);
  CHECK(threads() < 40);
  for (Task& task : tasks) task.resume();
  for (Task& task : tasks) REQUIRE(task.wait().ok());
}
