// Task::suspend() and Task::resume(), over real sockets and disks.
#include "engine/session/suspend_scene.h"

#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace segdl;
using namespace segdl::test;

namespace {

// A download that ends when it may; until then others of one job are queued.
struct First {
  First(Session& session, const Server& server) {
    Request request{.url = server.url()};
    request.consumer = [this](std::span<const std::byte>) -> Result<void> {
      CHECK(becomes([this] { return may_end.load(); }));
      return {};
    };
    auto begun = session.download(request);
    REQUIRE(begun.ok());
    task.emplace(std::move(*begun));
    REQUIRE(becomes([this] { return task->progress().phase != Phase::queued; }));
  }

  std::atomic<bool> may_end = false;
  std::optional<Task> task;
};

}  // namespace

TEST_CASE("a suspended task uses nothing, and a resumed one fetches what is missing") {
  for (const unsigned connections : {1U, 4U}) {
    CAPTURE(connections);
    Server server;
    server.script.size(kSize).drip(4 * kKiB, 2ms);
    const TemporaryDirectory place;
    Session session({.connections = connections});
    auto task = suspended_at(session, request_for(server, place), kMiB);
    const auto suspended = task->progress();
    CHECK(suspended.connections == 0);
    CHECK(suspended.done >= kMiB - connections * 16 * kKiB);
    CHECK(open_in(place.path) == 0);
    CHECK(becomes([&] {
      for (const auto& asking : server.script.log()) {
        if (asking.status == 0) return false;
      }
      return true;
    }));
    const auto asked = server.script.log().size();
    CHECK_FALSE(task->wait_for(50ms));
    CHECK(server.script.log().size() == asked);
    CHECK(task->progress().done == suspended.done);
    CHECK(std::filesystem::exists(place.path / "f.segdl"));

    task->resume();
    const auto& report = task->wait();
    REQUIRE(report.ok());
    CHECK(has_pattern(place.path / "f", 1, kSize));
    CHECK(report->reused == 0);
    CHECK(report->wasted <= std::uint64_t{connections} * 16 * kKiB);
    check_sums(*report);
    CHECK(session.next_ended(0ms) == task->id());
  }
}

TEST_CASE("twice is once, and nothing happens to a task that has ended") {
  Server server;
  server.script.size(kSize).drip(4 * kKiB, 2ms);
  const TemporaryDirectory place;
  Session session({.connections = 2});
  auto task = session.download(request_for(server, place));
  REQUIRE(task.ok());
  task->resume();
  REQUIRE(comes_to(*task, kMiB));
  task->suspend();
  task->suspend();
  REQUIRE(becomes_suspended(*task));
  task->suspend();
  task->resume();
  task->resume();
  REQUIRE(task->wait().ok());
  task->suspend();
  task->resume();
  CHECK(task->progress().phase == Phase::ended);
  CHECK(task->wait().ok());
  CHECK(has_pattern(place.path / "f", 1, kSize));
}

TEST_CASE("a task that starts suspended asks nothing until it is resumed") {
  Server server;
  server.script.size(kSize);
  const TemporaryDirectory place;
  Session session;
  Request request = request_for(server, place);
  request.start_suspended = request.events = true;
  auto task = session.download(request);
  REQUIRE(task.ok());
  CHECK_FALSE(task->wait_for(50ms));
  CHECK(task->progress().phase == Phase::suspended);
  CHECK(server.script.log().empty());
  CHECK(std::filesystem::is_empty(place.path));
  task->resume();
  REQUIRE(task->wait().ok());
  const auto events = task->take_events();
  REQUIRE_FALSE(events.empty());
  CHECK(std::holds_alternative<Started>(events[0].what));
}

TEST_CASE("a queued task that is suspended lets others pass, and has its old place when it is resumed") {
  Server server;
  server.script.size(1000).pattern_paths();
  const TemporaryDirectory place;
  Session session({.connections = 1, .jobs = 1});
  First first(session, server);
  std::vector<Task> tasks;
  for (int i = 0; i < 3; ++i) {
    auto task = session.download(request_of(server.url(fmt::format("pattern/1/1000/{}", i)), place, fmt::to_string(i)));
    REQUIRE(task.ok());
    tasks.push_back(std::move(*task));
  }
  tasks[0].suspend();
  CHECK(tasks[0].progress().phase == Phase::suspended);
  tasks[1].suspend();
  tasks[0].resume();
  CHECK(tasks[0].progress().phase == Phase::queued);
  first.may_end = true;
  std::vector<std::uint64_t> ended;
  for (int i = 0; i < 3; ++i) {
    const auto id = session.next_ended(10s);
    REQUIRE(id.has_value());
    ended.push_back(*id);
  }
  CHECK(ended == std::vector{first.task->id(), tasks[0].id(), tasks[2].id()});
  CHECK_FALSE(session.next_ended(10ms).has_value());
  tasks[1].resume();
  CHECK(session.next_ended(10s) == tasks[1].id());
  CHECK(tasks[1].wait().ok());
}

TEST_CASE("of the queued tasks the one of the greatest priority begins first, of equals the oldest") {
  Server server;
  server.script.size(1000).pattern_paths();
  const TemporaryDirectory place;
  Session session({.connections = 1, .jobs = 1});
  First first(session, server);
  std::vector<Task> tasks;
  for (const int priority : {0, 5, 0, -1, 5, 0}) {
    const std::string name = fmt::to_string(tasks.size());
    Request request = request_of(server.url("pattern/1/1000/" + name), place, name);
    request.priority = priority;
    auto task = session.download(request);
    REQUIRE(task.ok());
    tasks.push_back(std::move(*task));
  }
  tasks[5].set_priority(7);
  tasks[4].suspend();
  tasks[4].set_priority(6);
  tasks[4].resume();
  tasks[1].set_priority(-2);
  first.may_end = true;
  std::string ended;
  for (auto id = session.next_ended(10s); id; id = session.next_ended(10s)) {
    if (*id != first.task->id()) ended += fmt::to_string(*id - tasks[0].id());
  }
  CHECK(ended == "540231");
  tasks[0].set_priority(1);
}

TEST_CASE("a suspended task can be cancelled, and its handle destroyed") {
  Server server;
  server.script.size(kSize).drip(4 * kKiB, 2ms);
  const TemporaryDirectory place;
  Session session({.connections = 2});
  {
    auto task = suspended_at(session, request_for(server, place), kMiB);
    task->cancel();
    REQUIRE(task->wait_for(0ms));
    CHECK(task->wait().error().cause == Cause::cancelled);
    task->resume();
    CHECK(task->progress().phase == Phase::ended);
  }
  auto again = session.download(request_for(server, place));
  REQUIRE(again.ok());
  again->suspend();
}

TEST_CASE("what was fetched before a suspension and damaged during it is fetched again") {
  Server server;
  server.script.size(kSize).drip(4 * kKiB, 2ms);
  const TemporaryDirectory place;
  Session session({.connections = 1});
  auto task = suspended_at(session, request_for(server, place), kMiB);
  std::fstream(place.path / "f.part", std::ios::in | std::ios::out | std::ios::binary).seekp(1000) << "damaged";
  task->resume();
  const auto& report = task->wait();
  REQUIRE(report.ok());
  CHECK(has_pattern(place.path / "f", 1, kSize));
  CHECK(report->revoked == 16 * kKiB);
  check_sums(*report);
}

TEST_CASE("of a file that another program has made meanwhile nothing was fetched") {
  Server server;
  server.script.size(kSize).drip(4 * kKiB, 2ms);
  const TemporaryDirectory place;
  Session session({.connections = 2});
  Request request = request_for(server, place);
  request.existing = Existing::skip;
  auto task = suspended_at(session, request, kMiB);
  std::filesystem::remove(place.path / "f.segdl");
  std::filesystem::remove(place.path / "f.part");
  std::ofstream(place.path / "f") << "another's";
  task->resume();
  const auto& report = task->wait();
  if (!report) MESSAGE(report.error().message());
  REQUIRE(report.ok());
  CHECK(report->skipped);
  CHECK(report->total == 0);
  check_sums(*report);
}

TEST_CASE("a resource that changes during a suspension is fetched anew") {
  Server server;
  server.script.size(kSize).drip(4 * kKiB, 2ms);
  const TemporaryDirectory place;
  Session session({.connections = 2});
  Request request = request_for(server, place);
  request.events = true;
  auto task = suspended_at(session, request, kMiB);
  server.script.change_after(static_cast<unsigned>(server.script.log().size()), kSize + 10);
  task->resume();
  const auto& report = task->wait();
  REQUIRE(report.ok());
  CHECK(report->total == kSize + 10);
  CHECK(report->restarts == 1);
  check_sums(*report);
  std::string events;
  for (const Event& event : task->take_events()) {
    if (std::holds_alternative<Started>(event.what)) events += 's';
    if (std::holds_alternative<Suspended>(event.what)) events += '-';
    if (std::holds_alternative<Changed>(event.what)) events += 'c';
  }
  CHECK(events == "s-sc");
}

TEST_CASE("a task that wants nothing of an earlier run continues its own") {
  Server server;
  server.script.size(kSize).drip(4 * kKiB, 2ms);
  const TemporaryDirectory place;
  Session session({.connections = 2});
  {
    auto earlier = session.download(request_for(server, place));
    REQUIRE(earlier.ok());
    REQUIRE(comes_to(*earlier, kMiB / 2));
  }
  Request request = request_for(server, place);
  request.resume = false;
  auto task = suspended_at(session, request, kMiB);
  task->resume();
  const auto& report = task->wait();
  REQUIRE(report.ok());
  CHECK(has_pattern(place.path / "f", 1, kSize));
  CHECK(report->reused == 0);
  CHECK(report->wasted <= 2 * 16 * kKiB);
  check_sums(*report);
}

TEST_CASE("what an earlier run left is reused, however often the task is suspended") {
  Server server;
  server.script.size(kSize).drip(4 * kKiB, 2ms);
  const TemporaryDirectory place;
  Session session({.connections = 2});
  {
    auto earlier = session.download(request_for(server, place));
    REQUIRE(earlier.ok());
    REQUIRE(comes_to(*earlier, kMiB));
  }
  const auto left = segdl::status(place.path / "f");
  REQUIRE(left.ok());
  auto task = session.download(request_for(server, place));
  REQUIRE(task.ok());
  for (std::uint64_t until = kMiB + kMiB / 2; until < 3 * kMiB; until += kMiB / 2) {
    REQUIRE(comes_to(*task, until));
    task->suspend();
    REQUIRE(becomes_suspended(*task));
    task->resume();
  }
  const auto& report = task->wait();
  REQUIRE(report.ok());
  CHECK(has_pattern(place.path / "f", 1, kSize));
  CHECK(report->reused == left->claimed);
  check_sums(*report);
}

TEST_CASE("a resource without ranges begins again, and the report says what that cost") {
  Server server;
  server.script.size(kMiB).no_ranges().drip(4 * kKiB, 2ms);
  const TemporaryDirectory place;
  Session session;
  auto task = suspended_at(session, request_for(server, place), kMiB / 4);
  task->resume();
  const auto& report = task->wait();
  REQUIRE(report.ok());
  CHECK(has_pattern(place.path / "f", 1, kMiB));
  CHECK(report->wasted >= kMiB / 4);
  CHECK(report->notes.size() == 1);
  check_sums(*report);
}
