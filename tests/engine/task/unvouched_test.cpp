// Bodies whose end nothing vouches for: no length, and the connection ends, or TLS does without saying so.
#include <segdl/checksum.h>

#include "seams/digest.h"
#include "support/hints.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 3 * kMiB + 123;

// Plain, or secure and cut.
struct Ends {
  bool secure;

  void serve(World& world, std::uint64_t sent = kSize) const {
    world.serve().size(kSize).no_ranges().on_every([sent](Answer& answer, const Asking&) {
      answer.until_close();
      answer.end = sent;
      answer.ending = WireEnd::cut;
    });
  }
  Request request(bool believes) const {
    Request request = World::request();
    request.url = secure ? "https://origin.test/f" : "http://origin.test/f";
    request.accept_unframed = believes;
    return request;
  }
};

void fails_and_keeps(World& world, const Ends& ends, unsigned connections) {
  const auto failed = world.download(ends.request(false), with(connections));
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().cause == Cause::integrity);
  CHECK(has_hint(failed.error(), Hint::accept_unframed_kept));
  CHECK(world.absent("f"));
  CHECK_FALSE(world.absent("f.part"));
}

// For both ends and both numbers of connections.
void each(const std::function<void(const Ends&, unsigned)>& check) {
  for (const bool secure : {false, true}) {
    for (const unsigned connections : kConnections) {
      CAPTURE(secure);
      CAPTURE(connections);
      check(Ends{secure}, connections);
    }
  }
}

}  // namespace

TEST_CASE("an end that nothing vouches for is told at once, and believed later without another request") {
  each([](const Ends& ends, unsigned connections) {
    World world;
    ends.serve(world);
    fails_and_keeps(world, ends, connections);
    CHECK(world.script->log().size() == 1);
    const auto report = world.download(ends.request(true), with(connections));
    REQUIRE(report.ok());
    CHECK(world.script->log().size() == 1);
    CHECK(report->fetched == 0);
    CHECK(report->reused == kSize);
    CHECK(world.has("f", 1, kSize));
    CHECK(world.absent("f.part"));
    CHECK(world.absent("f.segdl"));
  });
}

TEST_CASE("such an end is believed on request the first time too") {
  each([](const Ends& ends, unsigned connections) {
    World world;
    ends.serve(world);
    REQUIRE(world.download(ends.request(true), with(connections)).ok());
    CHECK(world.has("f", 1, kSize));
    CHECK(world.script->log().size() == 1);
  });
}

TEST_CASE("what one run only believed is no whole to another, however far it came") {
  each([](const Ends& ends, unsigned connections) {
    for (const bool kept : {true, false}) {  // by a run before, or by this one
      World world;
      ends.serve(world);
      if (kept) fails_and_keeps(world, ends, connections);
      world.disk.fail_kind("rename", 2, "Input/output error");  // the first one names the journal
      REQUIRE_FALSE(world.download(ends.request(true), with(connections)).ok());
      REQUIRE(world.absent("f"));
      world.disk.kill();
      const auto report = world.download(ends.request(false), with(connections));
      CHECK_FALSE(report.ok());
      CHECK(world.absent("f"));
    }
  });
}

TEST_CASE("without being believed it is asked for again, and published as soon as an end is told") {
  each([](const Ends& ends, unsigned connections) {
    World world;
    ends.serve(world, kMiB);
    fails_and_keeps(world, ends, connections);
    fails_and_keeps(world, ends, connections);
    CHECK(world.script->log().size() == 2);
    world.serve().size(kSize).no_ranges();
    REQUIRE(world.download(ends.request(false), with(connections)).ok());
    CHECK(world.has("f", 1, kSize));
  });
}

TEST_CASE("what is kept is believed for its own URL only, as it came, and not with --no-resume") {
  each([](const Ends& ends, unsigned connections) {
    const auto asked_again = [&](const std::function<void(World&, Request&)>& change) {
      World world;
      ends.serve(world, kMiB);
      fails_and_keeps(world, ends, connections);
      world.serve().size(kSize).no_ranges();
      Request request = ends.request(true);
      change(world, request);
      REQUIRE(world.download(request, with(connections)).ok());
      CHECK(world.script->log().size() == 1);
      CHECK(world.has("f", 1, kSize));
    };
    asked_again([](World&, Request& request) { request.url += "?other"; });
    asked_again([](World&, Request& request) { request.resume = false; });
    asked_again([](World& world, Request&) {
      auto bytes = *world.disk.get("f.part");
      bytes[5] ^= std::byte{1};
      world.disk.put("f.part", bytes);
    });
  });
}

TEST_CASE("a checksum tells whether what is kept is the whole") {
  each([](const Ends& ends, unsigned connections) {
    World world;
    ends.serve(world);
    fails_and_keeps(world, ends, connections);
    Request request = ends.request(false);
    auto digest = make_digest(Algorithm::sha256);
    REQUIRE(digest.ok());
    (*digest)->update(*world.disk.get("f.part"));
    request.checksum = Checksum{Algorithm::sha256, (*digest)->value()};
    REQUIRE(world.download(request, with(connections)).ok());
    CHECK(world.script->log().size() == 1);
    CHECK(world.has("f", 1, kSize));
    World other;
    ends.serve(other);
    fails_and_keeps(other, ends, connections);
    request.checksum = *parse_checksum("md5=00000000000000000000000000000000");
    const auto wrong = other.download(request, with(connections));
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.error().cause == Cause::integrity);
    CHECK(other.absent("f"));
    CHECK(other.script->log().size() == 2);
  });
}

TEST_CASE("a body that is known to be short is never kept as one that may be whole") {
  for (const bool chunked : {false, true}) {
    for (const bool secure : {false, true}) {
      CAPTURE(chunked);
      CAPTURE(secure);
      const Ends ends{secure};
      World world;
      world.serve().size(kSize).no_ranges().on_every([chunked](Answer& answer, const Asking&) {
        if (chunked) answer.chunked();
        answer.cut_at = kMiB;
        answer.ending = WireEnd::cut;
      });
      const auto failed = world.download(ends.request(true), with(1, 0));
      REQUIRE_FALSE(failed.ok());
      CHECK(failed.error().cause == Cause::network);
      CHECK(world.absent("f"));
      const std::size_t asked = world.script->log().size();
      REQUIRE_FALSE(world.download(ends.request(true), with(1, 0)).ok());
      CHECK(world.absent("f"));
      CHECK(world.script->log().size() > asked);
    }
  }
}
