// Which secrets go with which request of a download, redirects and many workers included.
#include "support/world.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 24 * kMiB;
// Without TLS the very first request has no credentials.
constexpr const char* kAlice = "- | Basic YWxpY2U6MQ==";  // alice:1
constexpr const char* kBob = "- | Basic Ym9iOjI=";        // bob:2

// Refuses the resource without this cookie.
void require_cookie(OriginScript& script, const std::string& cookie) {
  script.size(kSize).on_every([cookie](Answer& answer, const Asking& asking) {
    const std::string* sent = asking.find("Cookie");
    if (sent == nullptr || *sent != cookie) answer.status(403);
  });
}

// What each request for the target had in this field; "-" for none, and each only once.
std::string sent(const World& world, const std::string& target, std::string_view field) {
  std::string all;
  for (const Asking& asking : world.script->log()) {
    const std::string* value = asking.find(field);
    const std::string shown = value != nullptr ? *value : "-";
    if (asking.target != target || all == shown || all.ends_with(" | " + shown)) continue;
    all += (all.empty() ? "" : " | ") + shown;
  }
  return all;
}

std::vector<Cookie> cookies_of(std::string_view lines) {
  std::vector<std::string> skipped;
  return *parse_cookies(lines, skipped);
}

// /f at origin.test leads to /g at other.test.
World& leads_elsewhere(World& world) {
  world.serve().redirect("/f", "http://other.test/g").path("/g").size(kSize);
  return world;
}

}  // namespace

TEST_CASE("a session cookie of a redirect goes with the requests of all workers") {
  for (const unsigned connections : {1U, 8U}) {
    CAPTURE(connections);
    World world;
    world.serve().redirect("/f", "/data/f").path("/f").on_every([](Answer& answer, const Asking&) {
      answer.add("Set-Cookie", "sid=7; Path=/data; HttpOnly").add("Set-Cookie", "other=x; Domain=elsewhere.test");
    });
    require_cookie(world.script->path("/data/f"), "sid=7");
    REQUIRE(world.download(World::request(), with(connections, 0)).ok());
    CHECK(world.has("f", 1, kSize));
    CHECK(sent(world, "/f", "Cookie") == "-");
    CHECK(sent(world, "/data/f", "Cookie") == "sid=7");
  }
}

TEST_CASE("a session cookie of the first response goes with the others") {
  World world;
  world.serve().size(kSize).on_every([](Answer& answer, const Asking& asking) {
    if (asking.number == 1) {
      answer.set("Set-Cookie", "sid=7");
    } else if (asking.find("Cookie") == nullptr) {
      answer.status(403);
    }
  });
  REQUIRE(world.download(World::request(), with(8, 0)).ok());
  CHECK(world.has("f", 1, kSize));
}

TEST_CASE("a redirect to the same URL is followed, for the next time it may answer, but not for ever") {
  for (const bool cookie : {true, false}) {
    World world;
    world.serve().size(kSize).on_every([cookie](Answer& answer, const Asking& asking) {
      const bool unseen = cookie ? asking.find("Cookie") == nullptr : asking.number % 2 == 1;
      if (unseen) answer.status(302).set("Location", "/f").set("Set-Cookie", cookie ? "seen=1" : "");
    });
    REQUIRE(world.download(World::request(), with(1, 0)).ok());
    CHECK(world.has("f", 1, kSize));
  }

  World circle;
  circle.serve().on_every(
      [](Answer& answer, const Asking&) { answer.status(302).set("Location", "/f").set("Set-Cookie", "seen=1"); });
  const auto failed = circle.download(World::request(), with(1, 0));
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().reason == "more than 10 redirects, in a circle");
  CHECK(circle.script->log().size() == 11);
}

TEST_CASE("a server that sets another cookie with every redirect is not followed for ever") {
  World world;
  world.serve().on_every([](Answer& answer, const Asking& asking) {
    answer.status(302).set("Location", "/f").set("Set-Cookie", fmt::format("n={}", asking.number));
  });
  const auto failed = world.download(World::request(), with(1, 0));
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().reason == "more than 10 redirects, in a circle");
}

TEST_CASE("when a session has ended the original URL is asked for another") {
  World world;
  auto& script = world.serve().redirect("/f", "/data/f");
  script.path("/f").on_every([](Answer& answer, const Asking& asking) {
    answer.set("Set-Cookie", fmt::format("sid={}; Path=/", asking.number));
  });
  script.path("/data/f").size(kSize).cut_at(4 * kMiB).on_every([](Answer& answer, const Asking& asking) {
    const std::string* cookie = asking.find("Cookie");
    const bool first = cookie != nullptr && *cookie == "sid=1";
    if (cookie == nullptr || (first && asking.number > 1)) answer.status(403);
  });
  REQUIRE(world.download(World::request(), with(1, 0)).ok());
  CHECK(world.has("f", 1, kSize));
  CHECK(sent(world, "/data/f", "Cookie") == "sid=1 | sid=2");
}

TEST_CASE("cookies stay with their host when a redirect leads to another") {
  World world;
  world.serve()
      .redirect("/f", "http://other.test/g")
      .path("/g")
      .size(kSize)
      .cut_at(4 * kMiB)
      .on_every([](Answer& answer, const Asking&) { answer.set("Set-Cookie", "theirs=1"); });
  world.script->path("/f").on_every([](Answer& answer, const Asking&) { answer.set("Set-Cookie", "ours=1"); });
  world.secrets.cookies = cookies_of("other.test\tFALSE\t/\tFALSE\t0\tgiven\t1");
  REQUIRE(world.download(World::request(), with(1, 0)).ok());
  CHECK(sent(world, "/f", "Cookie") == "-");
  CHECK(sent(world, "/g", "Cookie") == "given=1 | given=1; theirs=1");
}

TEST_CASE("a Cookie header of the request counts more, at its own origin") {
  World world;
  world.serve().redirect("/f", "http://other.test/g").path("/g").size(kSize);
  world.secrets.cookies =
      cookies_of("origin.test\tFALSE\t/\tFALSE\t0\tgiven\t1\nother.test\tFALSE\t/\tFALSE\t0\tgiven\t2");
  Request request = World::request();
  request.headers = {{"cookie", "mine=1"}};
  REQUIRE(world.download(request, with(8, 0)).ok());
  CHECK(sent(world, "/f", "Cookie") == "mine=1");
  CHECK(sent(world, "/g", "Cookie") == "given=2");
}

TEST_CASE("given cookies go with every request") {
  World world;
  require_cookie(world.serve(), "sid=7");
  world.secrets.cookies = cookies_of(".test\tTRUE\t/\tFALSE\t0\tsid\t7");
  REQUIRE(world.download(World::request(), with(8, 0)).ok());
  CHECK(world.has("f", 1, kSize));
}

TEST_CASE("each host gets its own name and password of a netrc file") {
  World world;
  world.secrets.netrc = *parse_netrc(
      "machine origin.test login alice password 1 machine other.test login bob "
      "password 2");
  REQUIRE(leads_elsewhere(world).download(World::request(), with(8, 0)).ok());
  CHECK(sent(world, "/f", "Authorization") == kAlice);
  CHECK(sent(world, "/g", "Authorization") == kBob);
}

TEST_CASE("a host without an entry gets no name and password") {
  World world;
  world.secrets.netrc = *parse_netrc("machine origin.test login alice password 1 machine bare.test");
  REQUIRE(leads_elsewhere(world).download(World::request(), with(1, 0)).ok());
  CHECK(sent(world, "/f", "Authorization") == kAlice);
  CHECK(sent(world, "/g", "Authorization") == "-");
  World bare;
  bare.secrets.netrc = *parse_netrc("machine origin.test default login bob password 2");
  REQUIRE(leads_elsewhere(bare).download(World::request(), with(1, 0)).ok());
  CHECK(sent(bare, "/f", "Authorization") == "-");
  CHECK(sent(bare, "/g", "Authorization") == kBob);
}

TEST_CASE("the client certificate is for the origin of the URL, and for no other that a redirect leads to") {
  World world;
  world.serve().redirect("/f", "/here").redirect("/here", "https://origin.test:444/g").path("/g").size(kSize);
  Request request = World::request();
  request.url = "https://origin.test/f";
  REQUIRE(world.download(request, with(8, 0)).ok());
  CHECK(sent(world, "/f", "Client-Cert") == "shown");
  CHECK(sent(world, "/here", "Client-Cert") == "shown");
  CHECK(sent(world, "/g", "Client-Cert") == "-");
}

TEST_CASE("credentials of the request stay at its origin, and a netrc file has those of others") {
  World world;
  world.secrets.netrc = *parse_netrc("machine origin.test login x password x machine other.test login bob password 2");
  Request request = World::request();
  request.credentials = Credentials{"alice", "1"};
  REQUIRE(leads_elsewhere(world).download(request, with(8, 0)).ok());
  CHECK(sent(world, "/f", "Authorization") == kAlice);
  CHECK(sent(world, "/g", "Authorization") == kBob);
}

TEST_CASE("what a request brings counts more than a netrc file") {
  const auto netrc =
      *parse_netrc("machine origin.test login bob password 2 machine origin.test login alice password 1");
  const auto authorization = [&](auto&& change) {
    World world;
    world.serve().size(1000);
    world.secrets.netrc = netrc;
    Request request = World::request();
    change(request);
    REQUIRE(world.download(request, with(1, 0)).ok());
    return sent(world, "/f", "Authorization");
  };
  CHECK(authorization([](Request&) {}) == kBob);
  CHECK(authorization([](Request& r) { r.credentials = Credentials{"alice", "1"}; }) == kAlice);
  CHECK(authorization([](Request& r) { r.url = "http://alice:1@origin.test/f"; }) == kAlice);
  CHECK(authorization([](Request& r) { r.headers = {{"authorization", "Bearer x"}}; }) == "Bearer x");
  // A name alone is looked up.
  CHECK(authorization([](Request& r) { r.url = "http://alice@origin.test/f"; }) == kAlice);
  CHECK(authorization([](Request& r) { r.url = "http://carol@origin.test/f"; }) == "- | Basic Y2Fyb2w6");
}
