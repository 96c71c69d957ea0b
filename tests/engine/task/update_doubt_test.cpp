// --update where what is there, or what comes, must not be believed.
#include "core/http/http_fields.h"
#include "engine/task/update_scene.h"
#include "seams/digest.h"
#include "support/hints.h"

#include <doctest/doctest.h>

#include <string>

using namespace segdl;
using namespace segdl::test;

namespace {

// A first download dies right before its output appears.
void leave_whole(World& world) {
  world.disk.fail_kind("rename", 2, "Input/output error");  // the first names the journal
  REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
  world.disk.kill();
  REQUIRE(world.has("f.part", 2, kLarge));
}

}  // namespace

TEST_CASE("what had arrived whole before replaces a file only if the server still has it") {
  for (const bool ranges : {true, false}) {
    for (const bool current : {true, false}) {
      CAPTURE(ranges);
      CAPTURE(current);
      World world;
      const auto serve_as = [&](std::uint64_t seed, const std::string& etag) {
        serve(world, kLarge, seed, etag);
        if (!ranges) world.script->no_ranges();
      };
      serve_as(2, "\"v2\"");
      leave_whole(world);
      world.disk.put(kName, pattern_bytes(3, kLarge));
      serve_as(current ? 2 : 3, current ? "\"v2\"" : "\"v3\"");
      const Report report = must(world.download(update()));
      CHECK(world.has(kName, current ? 2 : 3, kLarge));
      CHECK((report.reused > 0) == current);
      CHECK_FALSE(world.script->log().empty());
      check_alone(world);
    }
  }
}

TEST_CASE("a foreign file under another of our names is refused, whether the output is there or not") {
  for (const bool there : {true, false}) {
    for (const std::uint64_t size : {kSmall, kLarge}) {
      for (const char* name : {"f.part", "f.segdl"}) {
        CAPTURE(name);
        World world;
        world.disk.put(name, pattern_bytes(9, 100));
        if (there) world.disk.put(kName, pattern_bytes(8, 100));
        const auto before = world.disk.names();
        serve(world, size);
        CHECK(world.download(update(), with(1, 0)).error().cause == Cause::exists);
        CHECK(world.has(name, 9, 100));
        CHECK(world.disk.names() == before);
      }
    }
  }
}

TEST_CASE("what has no strong validator is no new version of what has had one") {
  bool leftover = false;
  bool edited = false;
  Request request = update();
  SUBCASE("asked") {}
  SUBCASE("beside a leftover that is of no use") { leftover = true; }
  SUBCASE("in the place of an edit") { edited = true; }
  SUBCASE("named by the server") {
    request.remote_name = true;
    request.output.clear();
  }
  for (const bool dated : {false, true}) {
    World world;
    dated ? serve_dated(world, kLarge, 1, kDate) : serve(world, kLarge);
    must(world.download(request));
    if (leftover) world.disk.put("f.part", {});
    if (edited) world.disk.set_modified(kName, *parse_http_date(kNow));
    const auto was = world.disk.get(kName);
    world.serve().on_every([](Answer& answer, const Asking&) { answer.page(200, 700); });
    const auto report = world.download(request, with(1, 0));
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::changed);
    CHECK(has_hint(report.error(), Hint::replace_with_new_version));
    CHECK(world.disk.get(kName) == was);
    request.existing = Existing::replace;
    CHECK(must(world.download(request, with(1, 0))).total == 700);
    request.existing = Existing::update;
  }
}

TEST_CASE("a file that has just changed is fetched, though its date is not strong yet") {
  World world;
  serve_dated(world, kLarge, 1, kDate);
  must(world.download(update()));
  serve_dated(world, kLarge, 2, kNow);
  CHECK_FALSE(must(world.download(update())).unchanged);
  CHECK(world.has(kName, 2, kLarge));
}

TEST_CASE("a weak date that the file got as its time is no proof") {
  for (const bool first : {false, true}) {
    for (const std::uint64_t size : {kSmall, kLarge}) {
      CAPTURE(first);
      CAPTURE(size);
      World world;
      serve_dated(world, size, 1, kDate).on_every([](Answer& answer, const Asking&) { answer.set("Date", kDate); });
      Request request = first ? update() : World::request();
      request.remote_time = true;
      must(world.download(request));
      CHECK((world.disk.modified(kName) == parse_http_date(kDate)) == !first);
      serve_dated(world, size, 2, kDate);
      request.existing = Existing::update;
      CHECK_FALSE(must(world.download(request)).unchanged);
      CHECK(world.has(kName, 2, size));
      CHECK(world.disk.modified(kName) == parse_http_date(kDate));
      serve_dated(world, size, 2, kDate);
      CHECK(must(world.download(request)).unchanged);
    }
  }
}

TEST_CASE("a date that is no proof is none where nothing can be kept with the file that says so") {
  const FakeKind kBare{"no attributes", true, true, true, true, true, true, true, true, false};
  FakeKind coarse = kVfat;
  coarse.time_step = std::chrono::seconds(2);
  struct Case {
    std::string name;
    FakeKind kind;
    Sync sync;
    bool weak;
    std::chrono::milliseconds off;
  };
  const Case cases[] = {
      {"a weak date", kBare, Sync::interval, true, std::chrono::milliseconds(500)},
      {"a weak date on a disk of coarse times", coarse, Sync::interval, true, std::chrono::seconds(-2)},
      {"not synced", kExt4, Sync::none, false, std::chrono::milliseconds(500)},
      {"a strong date that was synced", kBare, Sync::interval, false, std::chrono::milliseconds(0)}};
  const std::string date = "Sun, 06 Nov 2022 08:49:38 GMT";
  for (const Case& c : cases) {
    for (const Existing first : {Existing::refuse, Existing::update}) {
      for (const std::uint64_t size : {kSmall, kLarge}) {
        for (const bool tagged : {false, true}) {
          if (first == Existing::update && c.weak) continue;  // that gives no such date
          CAPTURE(c.name);
          CAPTURE(size);
          CAPTURE(tagged);
          World world;
          world.disk.set_kind(c.kind);
          const auto serve_as = [&](std::uint64_t seed, bool weak) {
            serve_dated(world, size, seed, date).on_every([&, weak](Answer& answer, const Asking&) {
              answer.set("Date", weak ? date : kNow);
            });
            if (tagged) world.script->etag(seed == 1 ? "\"v1\"" : "\"v2\"");
          };
          serve_as(1, c.weak);
          Request request = World::request();
          request.existing = first;
          request.remote_time = true;
          request.sync = c.sync;
          must(world.download(request));
          CHECK(world.disk.modified(kName) == *parse_http_date(date) + c.off);
          serve_as(2, false);
          const bool proof = c.off.count() == 0;
          CHECK(must(world.download(update())).unchanged == proof);
          CHECK(world.has(kName, proof ? 1 : 2, size));
        }
      }
    }
  }
}

TEST_CASE("a file does not get the date of another version") {
  World world;
  world.disk.put(kName, pattern_bytes(1, 100));
  serve_dated(world, kLarge, 2, kDate).on(2, [](Answer& answer) { answer.drop("Last-Modified"); });
  must(world.download(update()));
  CHECK(world.has(kName, 2, kLarge));
  CHECK_FALSE(world.disk.modified(kName).has_value());
}

TEST_CASE("a file that nobody may write to can be unchanged as well") {
  for (const std::uint64_t size : {kSmall, kLarge}) {
    for (const Existing first : {Existing::update, Existing::replace}) {
      World world;
      world.disk.put(kName, pattern_bytes(9, 100));
      world.disk.set_access(kName, 0444, 1000, 1000);
      serve(world, size);
      Request request = World::request();
      request.existing = first;
      must(world.download(request));
      CHECK(world.disk.mode(kName) == 0444U);
      serve(world, size);
      CHECK(must(world.download(update())).unchanged);
    }
  }
}

TEST_CASE("a file that another user may have planted is the server's by a checksum alone") {
  World world;
  bool same = false;
  std::uint64_t served = 2;
  Request request = update();
  SUBCASE("its size and its time are the server's") {
    world.disk.put(kName, pattern_bytes(1, kLarge));
    world.disk.set_modified(kName, *parse_http_date(kDate));
    serve_dated(world, kLarge, served, kDate);
  }
  SUBCASE("what is kept with it says that it is") {
    serve(world, kLarge, 1);
    REQUIRE(world.download(World::request()).ok());
    serve(world, kLarge, served);
  }
  SUBCASE("a checksum tells") {
    same = true;
    served = 1;
    world.disk.put(kName, pattern_bytes(1, kLarge));
    serve(world, kLarge, served);
    auto digest = make_digest(Algorithm::sha256);
    REQUIRE(digest.ok());
    (*digest)->update(pattern_bytes(1, kLarge));
    request.checksum = Checksum{Algorithm::sha256, (*digest)->value()};
  }
  world.disk.plant(kName);
  CHECK(must(world.download(request)).unchanged == same);
  CHECK(world.has(kName, served, kLarge));
}

TEST_CASE("what came as an odd 2xx names no version, whatever stands beside it") {
  for (const bool updates : {true, false}) {
    for (const std::uint64_t size : {kSmall, kLarge}) {
      CAPTURE(updates);
      CAPTURE(size);
      World world;
      world.serve().size(size).etag("").last_modified(kDate).on_every([](Answer& answer, const Asking&) {
        answer.set("Date", kNow);
        answer.head.status = 203;
      });
      Request first = updates ? update() : World::request();
      first.remote_time = true;
      must(world.download(std::move(first)));
      CHECK(world.has(kName, 1, size));
      serve_dated(world, size, 2, kDate);
      CHECK_FALSE(must(world.download(update())).unchanged);
      CHECK(world.has(kName, 2, size));
    }
  }
}
