// Lists of files at hosts that serve a few connections at a time, and at such that have not what is asked for.
#include "engine/session/session_scene.h"
#include "support/loopback_server.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

using namespace segdl;
using namespace segdl::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kSize = 64 * kKiB;
constexpr unsigned kFiles = 6;

// Serves so many connections at a time, counts each until so long after its end, and gives the others something else.
struct Narrow {
  unsigned most;
  std::chrono::milliseconds counts_on;
  std::function<void(int socket)> refuse;
  OriginScript script{};
  std::atomic<unsigned> open = 0;
  std::atomic<unsigned> refused = 0;
  LoopbackServer server{[this](int socket) { serve(socket); }};

  void serve(int socket) {
    const bool is_one_too_many = ++open > most;
    if (is_one_too_many) ++refused;
    is_one_too_many ? refuse(socket) : serve_script(script, socket);
    ::shutdown(socket, SHUT_WR);
    std::this_thread::sleep_for(counts_on);
    --open;
  }
  std::string url(unsigned file) const { return fmt::format("http://127.0.0.1:{}/{}", server.port(), file); }
};

void say_nothing(int socket) {
  char byte = 0;
  while (::recv(socket, &byte, 1, 0) > 0) {
  }
}

std::vector<Result<Report>> download_all(const std::vector<std::string>& urls, const TemporaryDirectory& place,
                                         const SessionOptions& options) {
  Session session(options);
  std::vector<Task> tasks;
  for (const std::string& url : urls) {
    auto task = session.download(request_of(url, place, fmt::format("f{}", tasks.size())));
    REQUIRE(task.ok());
    tasks.push_back(std::move(*task));
  }
  std::vector<Result<Report>> reports;
  reports.reserve(tasks.size());
  for (Task& task : tasks) reports.push_back(task.wait());
  return reports;
}

template <class Named>
std::vector<std::string> urls_of(const Named& server, unsigned files = kFiles) {
  std::vector<std::string> urls;
  for (unsigned file = 0; file < files; ++file) urls.push_back(server.url(file));
  return urls;
}

bool all_came(const std::vector<Result<Report>>& reports, const TemporaryDirectory& place) {
  for (unsigned file = 0; file < reports.size(); ++file) {
    if (!reports[file].ok() || !has_pattern(place.path / fmt::format("f{}", file), 1, kSize)) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("whoever a host leaves waiting while it serves others has lost no try") {
  Narrow host{.most = 1, .counts_on = 0ms, .refuse = say_nothing};
  host.script.size(kSize).drip(kKiB, 5ms);  // for longer than two tries take
  const TemporaryDirectory place;
  SessionOptions options{.connections = 8, .jobs = 8};
  options.timeout = 300ms;
  options.retries = 1;
  CHECK(all_came(download_all(urls_of(host), place, options), place));
  CHECK(host.refused > 0);
  CHECK(host.refused <= kFiles);
}

TEST_CASE("a refusal is doubted once more where the host may count connections for longer than a moment") {
  for (const bool page : {false, true}) {
    CAPTURE(page);
    OriginScript refusal;
    refusal.size(10).on_every([page](Answer& answer, const Asking&) {
      page ? answer.page(200, 300).set("Content-Type", "text/html") : answer.status(404);
      answer.ending = WireEnd::close;
    });
    Narrow host{.most = 2, .counts_on = 250ms, .refuse = [&](int socket) { serve_script(refusal, socket); }};
    // For so long that all have begun meanwhile, also where the machine is slow.
    host.script.size(kSize).drip(16 * kKiB, 150ms).on_every([](Answer& answer, const Asking&) {
      answer.ending = WireEnd::close;
    });
    const TemporaryDirectory place;
    CHECK(all_came(download_all(urls_of(host, 4), place, {.connections = 4, .jobs = 4}), place));
    CHECK(host.refused > 0);
    CHECK(host.refused <= 12);
  }
}

TEST_CASE("what is not there is told soon, whether a redirect leads to it or not") {
  for (const bool led : {false, true}) {
    CAPTURE(led);
    Server host;
    host.script.size(kSize).drip(kKiB, 1ms).on_every([](Answer& answer, const Asking&) { answer.status(404); });
    Server link;
    link.script.size(kSize).on_every([&host](Answer& answer, const Asking& asking) {
      answer.status(302).set("Location", fmt::format("http://127.0.0.1:{}{}", host.server.port(), asking.target));
    });
    const TemporaryDirectory place;
    const Server& first = led ? link : host;
    std::vector<std::string> urls;
    for (unsigned file = 0; file < kFiles; ++file) urls.push_back(first.url(fmt::to_string(file)));
    for (const auto& report : download_all(urls, place, {.connections = 8, .jobs = 8})) {
      REQUIRE_FALSE(report.ok());
      CHECK(report.error().http_status == 404);
    }
    CHECK(host.script.log().size() <= 4 * kFiles);
  }
}

TEST_CASE("no helper comes to a resume before its first request is answered, though that is led to another host") {
  std::atomic<bool> gone = false;
  Server host;
  host.script.size(32 * kMiB).drip(32 * kKiB, 10ms).on_every([&gone](Answer& answer, const Asking&) {
    if (!gone) return;
    std::this_thread::sleep_for(50ms);  // in which helpers would ask the link
    answer.status(404);
  });
  Server link;
  link.script.redirect("/f", host.url());
  const TemporaryDirectory place;
  SessionOptions options{.connections = 8};
  options.max_time = 400ms;  // it has holes then
  REQUIRE_FALSE(download(request_for(link, place), options).ok());
  gone = true;
  const std::size_t before = link.script.log().size();
  const auto report = download(request_for(link, place), {.connections = 8});
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().http_status == 404);
  CHECK(report.error().resumable);
  CHECK(link.script.log().size() - before <= 3);
}

TEST_CASE("a page that was no file for one download is none for the host's others") {
  Server host;
  const auto log_in = [](Answer& answer) { answer.page(200, 300).set("Content-Type", "text/html").drop("ETag"); };
  host.script.size(kMiB).cut_at(kMiB / 2).on_every([&](Answer& answer, const Asking& asking) {
    answer.set("Content-Type", "application/zip");
    if (asking.number > 1) log_in(answer);
  });
  const TemporaryDirectory place;
  SessionOptions options{.connections = 1, .jobs = 1};
  options.retries = 0;
  const auto reports = download_all({host.url("0"), host.url("1"), host.url("2")}, place, options);
  for (const auto& report : reports) {
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::changed);
  }
  CHECK(host.script.log().size() <= 18);
}
