// The public API over a world of fakes, and over real sockets and disks.
#include "engine/session/session_scene.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

using namespace segdl;
using namespace segdl::test;

namespace {

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

}  // namespace

TEST_CASE("download() in three lines") {
  Server server;
  server.script.size(1'000'000);
  const TemporaryDirectory place;
  const auto report = download(request_for(server, place));
  REQUIRE(report.ok());
  CHECK(report->output == place.path / "f");
  CHECK(report->total == 1'000'000);
  CHECK(has_pattern(place.path / "f", 1, 1'000'000));
}

TEST_CASE("a task and a session wait up to the longest time that can be named") {
  Server server;
  server.script.size(1000);
  const TemporaryDirectory place;
  Session session;
  auto task = session.download(request_for(server, place));
  REQUIRE(task.ok());
  CHECK(session.next_ended(std::chrono::milliseconds::max()) == task->id());
  CHECK(task->wait_for(std::chrono::milliseconds::max()));
}

TEST_CASE("a request that is wrong is refused at once") {
  Session session;
  const auto refused = [&session](auto&& change) {
    Request request;
    request.url = "http://127.0.0.1:1/f";
    change(request);
    const auto task = session.download(request);
    return !task.ok() && task.error().cause == Cause::usage;
  };
  CHECK(refused([](Request& r) { r.url = "ftp://h/"; }));
  CHECK(refused([](Request& r) { r.output = "a/b"; }));
  CHECK(refused([](Request& r) { r.output = ".."; }));
  CHECK(refused([](Request& r) { r.segment_size = 100; }));
  CHECK(refused([](Request& r) { r.headers = {{"Bad Name", "x"}}; }));
  CHECK(refused([](Request& r) { r.headers = {{"Name", "x\r\nInjected: y"}}; }));
  CHECK(refused([](Request& r) { r.headers = {{"If-Range", "x"}}; }));
  CHECK(refused([](Request& r) { r.referer = "ftp://h/"; }));
  CHECK_FALSE(Session({.ca_file = "/no/such/file"}).download({.url = "https://127.0.0.1:1/"}).ok());
  CHECK_FALSE(Session({.netrc_file = "/no/such/file"}).download({.url = "http://127.0.0.1:1/"}).ok());
  CHECK_FALSE(Session({.cookie_file = "/no/such/file"}).download({.url = "http://127.0.0.1:1/"}).ok());
  CHECK_FALSE(Session({.user_agent = "x\r\nInjected: y"}).download({.url = "http://127.0.0.1:1/"}).ok());
}

TEST_CASE("a referrer is sent without its secrets, unless a header says another") {
  Server server;
  server.script.size(1000);
  const TemporaryDirectory place;
  Request request = request_for(server, place);
  request.referer = "http://user:pass@h/from?q=1#here";
  REQUIRE(download(request).ok());
  request.output = "g";
  request.headers = {{"referer", "mine"}};
  REQUIRE(download(request).ok());
  const auto log = server.script.log();
  REQUIRE(log.size() == 2);
  CHECK(*log[0].find("Referer") == "http://h/from?q=1");
  CHECK(*log[1].find("Referer") == "mine");
}

TEST_CASE("names, passwords and cookies come from files, and a file that can't be used is named") {
  Server server;
  server.script.size(1000);
  const TemporaryDirectory place;
  std::ofstream(place.path / "netrc") << "machine 127.0.0.1 login alice password 1\n";
  std::ofstream(place.path / "cookies") << "127.0.0.1\tFALSE\t/\tFALSE\t0\tsid\t7\n";
  std::filesystem::permissions(place.path / "netrc", std::filesystem::perms::owner_read);
  SessionOptions options{.netrc_file = place.path / "netrc", .cookie_file = place.path / "cookies"};
  REQUIRE(download(request_for(server, place), options).ok());
  const auto log = server.script.log();
  CHECK(*log[1].find("Authorization") == "Basic YWxpY2U6MQ==");
  CHECK(*log[0].find("Cookie") == "sid=7");
  std::ofstream(place.path / "cookies") << "# x\nsecret\n";
  const auto failed = download(request_for(server, place), options);
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().cause == Cause::usage);
  CHECK(failed.error().message() == "read cookies " + (place.path / "cookies").string() +
                                        ": line 2: it does not have seven fields separated by TABs");
}

TEST_CASE("a cancelled task says so, keeps what it has, and the next one continues") {
  Server server;
  server.script.size(500'000).stall_at(300'000);
  const TemporaryDirectory place;
  Session session({.connections = 1});
  {
    auto task = session.download(request_for(server, place));
    REQUIRE(task.ok());
    while (task->progress().done < 300'000) std::this_thread::yield();
    CHECK_FALSE(task->wait_for(std::chrono::milliseconds(1)));
    task->cancel();
    const auto& result = task->wait();
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().cause == Cause::cancelled);
    CHECK(result.error().resumable);
  }
  const auto status = segdl::status(place.path / "f");
  REQUIRE(status.ok());
  CHECK(status->state == DownloadStatus::State::interrupted);
  CHECK(status->claimed == 300'000 / (16 * kKiB) * (16 * kKiB));
  CHECK_FALSE(status->busy);
  for (const char* other : {"f.part", "f.segdl"}) {  // the names of its files mean it as well
    const auto same = segdl::status(place.path / other);
    REQUIRE(same.ok());
    CHECK(same->state == DownloadStatus::State::interrupted);
    CHECK(same->output == place.path / "f");
  }
  const auto report = download(request_for(server, place), {.connections = 1});
  REQUIRE(report.ok());
  CHECK(report->reused == status->claimed);
  CHECK(has_pattern(place.path / "f", 1, 500'000));
  for (const char* name : {"f", "f.part", "f.segdl"}) {
    CHECK(segdl::status(place.path / name)->state == DownloadStatus::State::complete);
    CHECK(segdl::status(place.path / name)->output == place.path / "f");
  }
  std::filesystem::rename(place.path / "f", place.path / "g.part");  // a file of its own
  CHECK(segdl::status(place.path / "g.part")->output == place.path / "g.part");
}

TEST_CASE("two tasks of one session on one name: the second is busy") {
  Server server;
  server.script.size(500'000).stall_at(300'000, 99);
  const TemporaryDirectory place;
  Session session({.connections = 16});  // more than the first has any use for
  auto first = session.download(request_for(server, place));
  REQUIRE(first.ok());
  while (first->progress().done < 300'000) std::this_thread::yield();
  CHECK(segdl::status(place.path / "f")->busy);
  auto second = session.download(request_for(server, place));
  REQUIRE(second.ok());
  REQUIRE_FALSE(second->wait().ok());
  CHECK(second->wait().error().cause == Cause::busy);
}

TEST_CASE("many starts and cancels leave no thread, no descriptor and no wrong byte") {
  Server server;
  server.script.size(300'000);
  const TemporaryDirectory place;
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::size_t before = 0;
  {
    Session session;
    for (int i = 0; i < 200; ++i) {
      if (i == 20) before = open_descriptors();
      auto task = session.download(request_for(server, place));
      REQUIRE(task.ok());
      task->wait_for(std::chrono::milliseconds(random() % 4));
      if (random() % 2 == 0) task->cancel();
      if (random() % 3 == 0) continue;  // dropping the handle cancels and waits
      const auto& result = task->wait();
      if (!result.ok() && result.error().cause == Cause::exists) std::filesystem::remove(place.path / "f");
      if (result.ok()) CHECK(has_pattern(place.path / "f", 1, 300'000));
    }
    CHECK(open_descriptors() <= before + 80);  // kept connections, both ends of which are in this process
  }
}

TEST_CASE("headers and credentials go to their origin and to no other") {
  Server other;
  other.script.size(100);
  Server server;
  server.script.size(100).on_every(
      [&other](Answer& answer, const Asking&) { answer.status(302).set("Location", other.url()); });
  const TemporaryDirectory place;
  Request request = request_for(server, place);
  request.headers = {{"X-Secret", "s"}, {"Cookie", "c"}};
  request.credentials = Credentials{"u", "p"};
  REQUIRE(download(request).ok());
  CHECK(server.script.log()[0].find("X-Secret") != nullptr);
  CHECK(server.script.log()[0].find("Authorization") == nullptr);  // before it is known what the server asks for
  CHECK(server.script.log()[1].find("Authorization") != nullptr);
  for (const char* name : {"X-Secret", "Cookie", "Authorization"}) CHECK(other.script.log()[0].find(name) == nullptr);
}

TEST_CASE("an expired link is asked for again at its original URL") {
  Server server;
  server.script.size(400'000).on_every([](Answer& answer, const Asking& asking) {
    const bool original = asking.target == "/f";
    if (original) answer.status(302).set("Location", fmt::format("/signed{}", asking.number));
    // The first signed link breaks in the middle and is then forbidden.
    if (asking.target == "/signed1" && asking.number == 2) answer.cut_at = 100'000;
    if (asking.target == "/signed1" && asking.number > 2) answer.status(403);
  });
  const TemporaryDirectory place;
  const auto report = download(request_for(server, place));
  REQUIRE(report.ok());
  CHECK(has_pattern(place.path / "f", 1, 400'000));
}

TEST_CASE("a place on another host that gives no more ends the download, whatever the link says then") {
  constexpr std::uint64_t kWhole = 16 * kMiB;
  for (const bool leads_on : {true, false}) {  // the link leads to a new place there each time, or is gone as well
    for (const unsigned connections : {1U, 4U}) {
      CAPTURE(leads_on);
      CAPTURE(connections);
      std::atomic<bool> gone = false;
      Server place_of_it;
      // The first is served there, slowly, so that others are at work when the end comes.
      place_of_it.script.size(kWhole).drip(256 * kKiB, std::chrono::milliseconds(10));
      place_of_it.script.cut_at(kWhole / 4 * 3).on_every([&gone](Answer& answer, const Asking& asking) {
        if (asking.number == 1) return;
        gone = true;
        answer.status(403);
      });
      Server link;
      link.script.size(kWhole).on_every([&](Answer& answer, const Asking& asking) {
        answer.status(gone && !leads_on ? 404 : 302);
        answer.set("Location", fmt::format("{}?{}", place_of_it.url(), asking.number));
      });
      const TemporaryDirectory place;
      SessionOptions options{.connections = connections};
      options.retries = 1;
      options.max_time = std::chrono::seconds(20);  // it would go on for ever
      const auto report = download(request_for(link, place), options);
      REQUIRE_FALSE(report.ok());
      CHECK(report.error().cause == Cause::refused);
      CHECK(report.error().resumable);
    }
  }
}
