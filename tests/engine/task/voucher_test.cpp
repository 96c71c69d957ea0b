// Servers whose validators are no help: other ones from each edge, dates that are always now, links with a fresh token.
// What vouches for one version then are its bytes, compared in one body, or the checksum of the request.
#include "seams/digest.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 12 * kMiB + 1000;
constexpr std::uint64_t kStopped = 5 * kMiB + 300;
constexpr std::uint64_t kFront = 2 * kMiB;
constexpr const char* kDate = "Sat, 05 Nov 2022 08:49:37 GMT";

// How a server names the one version that it has, by the number of the request.
struct Naming {
  const char* name;
  std::function<void(Answer&, unsigned)> give;
};

const Naming kNamings[] = {
    {"an ETag from each edge, one date",
     [](Answer& answer, unsigned number) {
       answer.set("ETag", fmt::format("\"edge{}\"", number)).set("Last-Modified", kDate);
     }},
    {"a weak ETag from each edge",
     [](Answer& answer, unsigned number) { answer.set("ETag", fmt::format("W/\"edge{}\"", number)); }},
    {"a date that is always now",
     [](Answer& answer, unsigned number) {
       const std::string now = fmt::format("Sun, 06 Nov 2022 08:49:{:02} GMT", number % 60);
       answer.drop("ETag").set("Last-Modified", now).set("Date", now);
     }},
};

struct Server {
  std::uint64_t seed = 1;
  unsigned first = 1;  // of its names
  const Naming* naming = nullptr;

  OriginScript& serve(World& world) const {
    return world.serve().size(kSize).seed(seed).on_every([self = *this](Answer& answer, const Asking& asking) {
      self.naming->give(answer, self.first + asking.number);
    });
  }
};

Checksum checksum_of(std::uint64_t seed) {
  auto digest = make_digest(Algorithm::sha256);
  REQUIRE(digest.ok());
  (*digest)->update(pattern_bytes(seed, kSize));
  return Checksum{Algorithm::sha256, (*digest)->value()};
}

Request expecting(std::uint64_t seed, const std::string& url = "http://origin.test/f") {
  Request request = World::request();
  request.url = url;
  request.checksum = checksum_of(seed);
  return request;
}

void interrupt(World& world, const Server& server, const Request& request, unsigned connections = 1) {
  server.serve(world).stall_at(kStopped, 99);
  REQUIRE_FALSE(world.download(request, with(connections, 0)).ok());
  world.disk.kill();
  REQUIRE_FALSE(world.absent("f.segdl"));
}

// Parts of version 1. Which ones differs by how fast the connections were, but for its front, which is kept first, over
// one: what compares goes on from there.
void leave_parts(World& world, unsigned connections, const Checksum& checksum, bool strong = false) {
  Request request = World::request();
  request.checksum = checksum;
  for (const auto& [stop, most] : {std::pair(kFront + 300, 1U), std::pair(kStopped, connections)}) {
    world.serve().size(kSize).stall_at(stop, 99);
    if (!strong) world.script->no_validator();
    REQUIRE_FALSE(world.download(request, with(most, 0)).ok());
    world.disk.kill();
  }
}

void for_each_naming(const std::function<void(const Server&, unsigned)>& check) {
  for (const Naming& naming : kNamings) {
    for (const unsigned connections : kConnections) {
      CAPTURE(naming.name);
      CAPTURE(connections);
      check(Server{.naming = &naming}, connections);
    }
  }
}

}  // namespace

TEST_CASE("a server with another name for its one version at every turn is read on after a break") {
  for_each_naming([](const Server& server, unsigned connections) {
    World world;
    server.serve(world).cut_at(4 * kMiB).cut_at(9 * kMiB);
    const auto report = world.download(World::request(), with(connections));
    REQUIRE(report.ok());
    CHECK(report->restarts == 0);
    CHECK(world.has("f", 1, kSize));
  });
}

TEST_CASE("a resume from such a server compares one body with all that is here, and goes on") {
  for_each_naming([](const Server& server, unsigned connections) {
    World world;
    interrupt(world, server, World::request());
    Server later = server;
    later.first = 20;
    later.serve(world);
    const auto report = world.download(World::request(), with(connections));
    REQUIRE(report.ok());
    CHECK(report->reused > 4 * kMiB);
    CHECK(report->restarts == 0);
    CHECK(world.has("f", 1, kSize));
  });
}

TEST_CASE("another version of the same size is found by that comparison") {
  for_each_naming([](const Server& server, unsigned connections) {
    World world;
    interrupt(world, server, World::request());
    Server other = server;
    other.seed = 2;
    other.first = 20;
    other.serve(world);
    const auto report = world.download(World::request(), with(connections));
    CHECK((report.ok() ? world.has("f", 2, kSize) : world.absent("f")));
    if (!report.ok()) CHECK(report.error().cause == Cause::changed);
  });
}

TEST_CASE("what has lost its validator is compared with one body where its size stays") {
  for (const unsigned connections : kConnections) {
    for (const unsigned asked : {0U, 1U}) {
      CAPTURE(connections);
      CAPTURE(asked);
      World world;
      if (asked == 0) {  // on a resume, and else within a run
        world.serve().size(kSize).stall_at(kStopped, 99);
        REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
        world.disk.kill();
      }
      world.serve().size(kSize).on_every([asked](Answer& answer, const Asking& asking) {
        if (asking.number > asked) answer.drop("ETag").drop("Last-Modified");
        if (asking.number == asked) answer.cut_at = kStopped;
      });
      const auto report = world.download(World::request(), with(connections));
      REQUIRE(report.ok());
      CHECK(world.has("f", 1, kSize));
      if (asked == 0) CHECK(report->reused > 4 * kMiB);
      const auto& notes = report->notes;
      CHECK(std::any_of(notes.begin(), notes.end(), [](const std::string& note) {
        return note.find("without a validator to compare, at the same size") != std::string::npos;
      }));
    }
  }
}

TEST_CASE("another version without a validator takes the place of none that had one") {
  for (const unsigned connections : kConnections) {
    for (const std::uint64_t size : {kSize, kSize - 1}) {
      CAPTURE(connections);
      CAPTURE(size);
      World world;
      world.serve().size(kSize).stall_at(kStopped, 99);
      REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
      world.disk.kill();
      world.serve().size(size).seed(2).no_validator();
      const auto report = world.download(World::request(), with(connections, 1));
      REQUIRE_FALSE(report.ok());
      CHECK(world.absent("f"));
      world.disk.kill();
      world.serve().size(kSize);
      const auto again = world.download(World::request(), with(connections));
      REQUIRE(again.ok());
      CHECK(again->reused > 4 * kMiB);
      CHECK(world.has("f", 1, kSize));
    }
  }
}

TEST_CASE("what the journal has lost the URL of is compared, and stays where it is another resource's") {
  for (const unsigned connections : kConnections) {
    for (const bool checksum : {false, true}) {
      CAPTURE(connections);
      CAPTURE(checksum);
      World world;
      world.serve().size(kSize).stall_at(kStopped, 99);
      REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
      world.disk.kill();
      world.disk.flip("f.segdl", 4096 + 60);  // its facts
      world.serve().size(kSize).path("/g").size(checksum ? kSize + 1 : kSize).seed(2);
      Request other = World::request();
      other.url = "http://origin.test/g";
      if (checksum) other.checksum = checksum_of(2);
      for (int run = 0; run < 2; ++run) {
        const auto report = world.download(other, with(connections));
        REQUIRE_FALSE(report.ok());
        CHECK(report.error().cause == Cause::changed);
        CHECK(world.absent("f"));
        world.disk.kill();
      }
      world.serve().size(kSize);
      const auto report = world.download(World::request(), with(connections));
      REQUIRE(report.ok());
      CHECK(report->reused > 4 * kMiB);
      CHECK(world.has("f", 1, kSize));
    }
  }
}

TEST_CASE("what was compared with one body is not joined with another by the first one's name") {
  // The run that compares is killed behind what it compared; then the first version is back.
  for_each_naming([](const Server& server, unsigned connections) {
    World world;
    interrupt(world, server, World::request());
    world.serve().size(kSize).change_at(kStopped + 1, kSize).on_every([&](Answer& answer, const Asking& asking) {
      server.naming->give(answer, 20 + asking.number);
      answer.seed = 1;
      answer.change_at = kStopped + 1;
      answer.next_seed = 2;
      answer.stall_at = 9 * kMiB;
    });
    static_cast<void>(world.download(World::request(), with(connections, 0)).ok());
    world.disk.kill();
    server.serve(world);
    const auto report = world.download(World::request(), with(connections));
    CHECK((report.ok() ? world.has("f", 1, kSize) : world.absent("f")));
  });
}

TEST_CASE("a validator that did not vouch for a file is not kept with it") {
  for (const bool checksum : {true, false}) {
    for (const unsigned connections : kConnections) {
      World world;
      const Server server{.naming = &kNamings[0]};
      interrupt(world, server, World::request());
      Server later = server;
      later.first = 20;
      later.serve(world);
      REQUIRE(world.download(checksum ? expecting(1) : World::request(), with(connections)).ok());
      // Another version, under the name that the first run was given.
      world.serve().size(kSize).seed(2).etag("\"edge2\"").on_every([](Answer& answer, const Asking& asking) {
        const std::string* unless = asking.find("If-None-Match");
        if (unless != nullptr && *unless == "\"edge2\"") answer.status(304).set("ETag", *unless);
      });
      Request request = World::request();
      request.existing = Existing::update;
      const auto report = world.download(request, with(connections));
      REQUIRE(report.ok());
      CHECK_FALSE(report->unchanged);
      CHECK(world.has("f", 2, kSize));
    }
  }
}

TEST_CASE("under a checksum such a server is read over all connections") {
  for_each_naming([](const Server& server, unsigned connections) {
    World world;
    server.serve(world);
    const auto report = world.download(expecting(1), with(connections));
    REQUIRE(report.ok());
    CHECK((report->connections > 1) == (connections > 1));
    CHECK(report->verified_to == VerifiedTo::digest);
    CHECK(world.has("f", 1, kSize));
  });
}

TEST_CASE("a resource without a validator comes over all connections under a checksum") {
  for (const unsigned connections : kConnections) {
    World world;
    world.serve().size(kSize).no_validator();
    const auto report = world.download(expecting(1), with(connections));
    REQUIRE(report.ok());
    CHECK((report->connections > 1) == (connections > 1));
    CHECK(world.has("f", 1, kSize));
  }
}

TEST_CASE("under a checksum what is here is continued from another URL with another validator") {
  for (const unsigned connections : kConnections) {
    for (const bool strong : {true, false}) {
      World world;
      leave_parts(world, connections, checksum_of(1), strong);
      world.serve().size(kSize).etag("\"another\"").path("/g").size(kSize).etag("\"another\"");
      const auto report = world.download(expecting(1, "http://mirror.test/g"), with(connections));
      REQUIRE(report.ok());
      CHECK(report->reused > kMiB);
      CHECK(report->verified_to == VerifiedTo::digest);
      CHECK(world.has("f", 1, kSize));
    }
  }
}

TEST_CASE("parts of two versions have no checksum that is right, and the same command fetches one of them") {
  for (const unsigned connections : kConnections) {
    World world;
    leave_parts(world, connections, checksum_of(2));
    world.serve().size(kSize).seed(2).no_validator();
    const auto mixed = world.download(expecting(2), with(connections));
    REQUIRE_FALSE(mixed.ok());
    CHECK(mixed.error().cause == Cause::integrity);
    CHECK(world.absent("f"));
    world.disk.kill();
    SUBCASE("without a checksum they are compared with one body, though everything is claimed") {
      const auto compared = world.download(World::request(), with(connections));
      REQUIRE_FALSE(compared.ok());
      CHECK(compared.error().cause == Cause::changed);
      CHECK(world.absent("f"));
      world.disk.kill();
    }
    SUBCASE("at once") {}
    REQUIRE(world.download(expecting(2), with(connections)).ok());
    CHECK(world.has("f", 2, kSize));
  }
}

TEST_CASE("what a checksum was to vouch for is compared with one body where there is none") {
  for (const unsigned connections : kConnections) {
    World world;
    leave_parts(world, connections, checksum_of(1));
    SUBCASE("the same version") {
      world.serve().size(kSize).no_validator();
      REQUIRE(world.download(World::request(), with(connections)).ok());
      CHECK(world.has("f", 1, kSize));
      CHECK(*world.script->log().front().find("Range") == fmt::format("bytes=0-{}", kSize - 1));
    }
    SUBCASE("another one") {
      world.serve().size(kSize).seed(2).no_validator();
      const auto report = world.download(World::request(), with(connections));
      REQUIRE_FALSE(report.ok());
      CHECK(report.error().cause == Cause::changed);
      CHECK(world.absent("f"));
    }
  }
}

TEST_CASE("what one run fetched for a checksum is not believed by the next, which has none") {
  World world;
  world.serve().size(kSize).no_validator().stall_at(kStopped, 99);
  Request request = World::request();
  request.checksum = checksum_of(1);
  REQUIRE_FALSE(world.download(request, with(1, 0)).ok());
  world.disk.kill();
  world.serve().size(kSize).no_validator();
  REQUIRE(world.download(World::request(), with(1)).ok());
  CHECK(world.has("f", 1, kSize));
  CHECK(*world.script->log().front().find("Range") == fmt::format("bytes=0-{}", kSize - 1));
}

TEST_CASE("a fresh token continues what has no strong validator, over one connection") {
  for (const char* etag : {"W/\"w\"", ""}) {
    for (const bool same : {true, false}) {
      CAPTURE(etag);
      CAPTURE(same);
      World world;
      world.serve().size(kSize).etag(etag).stall_at(kStopped, 99);
      Request request = World::request();
      request.url = "http://origin.test/f?token=aaa";
      REQUIRE_FALSE(world.download(request, with(1, 0)).ok());
      world.disk.kill();
      world.serve().size(kSize).etag(etag).seed(same ? 1 : 2);
      request.url = "http://origin.test/f?token=bbb";
      const auto report = world.download(request, with(8));
      CHECK(report.ok() == same);
      if (!same) CHECK(report.error().cause == Cause::changed);
      CHECK((same ? world.has("f", 1, kSize) : world.absent("f")));
      if (same) CHECK(report->reused > 4 * kMiB);
    }
  }
}

TEST_CASE("what is here of a URL of its own stays where another one has another size") {
  for (const bool checksum : {true, false}) {
    World world;
    world.serve().size(kSize).stall_at(kStopped, 99);
    REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
    world.disk.kill();
    world.serve().path("/g").size(kSize + 5).etag("\"other\"");
    Request request = checksum ? expecting(1, "http://origin.test/g") : World::request();
    request.url = "http://origin.test/g";
    const auto report = world.download(request);
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::changed);
    CHECK_FALSE(world.absent("f.part"));
  }
}
