// One download, several hosts: who of them is asked, how often, and what those who wait for one keep from the others.
#include "engine/session/session_scene.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <latch>
#include <string>
#include <vector>

using namespace segdl;
using namespace segdl::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kWhole = 16 * kMiB;

// A body that takes a while, in which others are at work.
OriginScript& slowly(OriginScript& script) { return script.size(kWhole).drip(256 * kKiB, 10ms); }

}  // namespace

TEST_CASE("a host that serves nobody is asked now and then while another one serves the download") {
  for (const bool leads_on : {false, true}) {  // to the host that serves the first request only; or the link is gone
    CAPTURE(leads_on);
    std::atomic<unsigned> at_place = 0;
    Server place_of_it;
    slowly(place_of_it.script).on_every([&at_place](Answer& answer, const Asking&) {
      if (++at_place > 1) answer.status(404);
    });
    Server link;
    link.script.size(kWhole).on_every([&](Answer& answer, const Asking& asking) {
      answer.status(asking.number > 1 && !leads_on ? 404 : 302);
      answer.set("Location", fmt::format("{}?{}", place_of_it.url(), asking.number));
    });
    const TemporaryDirectory place;
    const auto report = download(request_for(link, place), {.connections = 4});
    REQUIRE(report.ok());
    CHECK(has_pattern(place.path / "f", 1, kWhole));
    CHECK(link.script.log().size() <= 12);  // thousands, if each that is refused lets another one come
  }
}

TEST_CASE("who waits for a connection to another host holds no work that another could end the download for") {
  std::latch ended(1), busy(1);
  Server other;  // all that it gives is one connection, to another download
  other.script.size(kWhole).on_every([&](Answer&, const Asking&) {
    busy.count_down();
    ended.wait();
  });
  Server link;
  slowly(link.script).cut_at(kWhole / 4 * 3).on_every([&](Answer& answer, const Asking& asking) {
    if (asking.number == 1) return;
    const bool is_further = asking.active > 1;
    answer.status(is_further ? 302 : 404);
    if (is_further) answer.set("Location", other.url());
  });
  const TemporaryDirectory place;
  SessionOptions options{.connections = 4};
  options.retries = 1;
  options.max_time = 10s;  // it would go on until then
  Session session(options);
  auto first = session.download(request_for(other, place, "other"));
  REQUIRE(first.ok());
  busy.wait();
  auto second = session.download(request_for(link, place));
  const auto report = second.ok() ? second->wait() : Result<Report>(second.error());
  ended.count_down();
  CHECK(first->wait().ok());
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::refused);
  CHECK(report.error().http_status == 404);
}

TEST_CASE("a digest of the wrong length is a wrong request") {
  Session session;
  Request request;
  request.url = "http://origin.example/file";
  request.checksum = Checksum{Algorithm::sha256, std::vector<std::byte>(20)};
  const auto task = session.download(request);
  REQUIRE_FALSE(task.ok());
  CHECK(task.error().cause == Cause::usage);
  CHECK(task.error().message().find("32 bytes, not 20") != std::string::npos);
}
