// --update: a file that is there is fetched only if it is not what the server has.
#include "core/http/http_fields.h"
#include "engine/task/update_scene.h"

#include <doctest/doctest.h>

#include <string>

using namespace segdl;
using namespace segdl::test;

TEST_CASE("an unchanged file costs one request, and nothing is written") {
  for (const std::uint64_t size : {kSmall, kLarge}) {
    for (const Existing first : {Existing::refuse, Existing::update}) {
      CAPTURE(size);
      World world;
      serve(world, size);
      Request request = World::request();
      request.existing = first;
      CHECK_FALSE(must(world.download(request)).unchanged);
      serve(world, size);
      const auto before = world.disk.operations();
      const Report report = must(world.download(update()));
      CHECK(report.unchanged);
      CHECK(report.total == size);
      CHECK(report.fetched == 0);
      CHECK(report.verified_to == VerifiedTo::strong_validator);
      REQUIRE(world.script->log().size() == 1);
      CHECK(world.script->log()[0].status == 304);
      for (std::size_t i = before; i < world.disk.log().size(); ++i) {
        const std::string word = world.disk.log()[i];
        INFO(word);
        const std::string kind = word.substr(0, word.find(' '));
        const bool looks = kind == "status" || kind.starts_with("open") || kind == "attribute";
        CHECK(looks);
      }
      CHECK(world.has(kName, 1, size));
      check_alone(world);
    }
  }
}

TEST_CASE("what a symbolic link leads to is compared, and the link is replaced if that is another version") {
  for (const std::uint64_t size : {kSmall, kLarge}) {
    World world;
    serve(world, size);
    must(world.download(update()));
    world.disk.move(kName, "target");
    world.disk.put_special(kName, FileKind::symlink);
    serve(world, size);
    CHECK(must(world.download(update())).unchanged);
    CHECK(world.disk.names() == std::vector<std::string>{kName, "target"});
    CHECK(world.disk.get(kName)->empty());  // the link itself
    serve(world, size, 2, "\"v2\"");
    const Report report = must(world.download(update()));
    CHECK_FALSE(report.unchanged);
    REQUIRE(report.notes.size() == 1);
    CHECK(report.notes[0].find("is a symbolic link") != std::string::npos);
    CHECK(world.has(kName, 2, size));
    CHECK(world.has("target", 1, size));
  }
}

TEST_CASE("an empty file may be unchanged, too") {
  World world;
  serve(world, 0);
  must(world.download(update()));
  serve(world, 0);
  CHECK(must(world.download(update())).unchanged);
  serve(world, kSmall, 2, "\"v2\"");
  CHECK_FALSE(must(world.download(update())).unchanged);
  CHECK(world.has(kName, 2, kSmall));
}

TEST_CASE("another version replaces the file, and the question was its first request") {
  for (const unsigned connections : kConnections) {
    for (const std::uint64_t size : {kSmall, kLarge}) {
      World world;
      serve(world, size);
      must(world.download(update(), with(connections)));
      world.disk.set_access(kName, 0640, 7, 8);
      serve(world, size, 2, "\"v2\"");
      const Report report = must(world.download(update(), with(connections)));
      CHECK_FALSE(report.unchanged);
      CHECK(world.has(kName, 2, size));
      CHECK(world.disk.mode(kName) == 0640U);
      check_alone(world);
      CHECK(sent(world) == size);
      CHECK(world.script->entry(1).find("If-None-Match") != nullptr);
      serve(world, size, 2, "\"v2\"");
      CHECK(must(world.download(update(), with(connections))).unchanged);
    }
  }
}

TEST_CASE("a server that ignores the condition is compared by what it says") {
  for (const bool ranges : {true, false}) {
    World world;
    serve(world, kLarge);
    must(world.download(update()));
    OriginScript& script = world.serve().size(kLarge);
    if (!ranges) script.no_ranges();
    const Report report = must(world.download(update()));
    CHECK(report.unchanged);
    CHECK(world.script->log().size() == 1);
    CHECK(report.fetched == 0);
  }
}

TEST_CASE("a refused condition is asked without") {
  for (const int status : {400, 412, 501}) {
    CAPTURE(status);
    World world;
    serve(world, kLarge);
    must(world.download(update()));
    world.serve().size(kLarge).on_every([status](Answer& answer, const Asking& asking) {
      if (asking.find("If-None-Match") != nullptr) answer.page(status, 100);
    });
    CHECK(must(world.download(update())).unchanged);
    CHECK(world.script->log().size() == 2);
  }
}

TEST_CASE("a 304 of another tag, or where none was asked for, is none") {
  World world;
  serve(world, kLarge);
  must(world.download(update()));
  world.serve().size(kLarge).seed(2).etag("\"v2\"").on(
      1, [](Answer& answer) { answer.status(304).set("ETag", "\"v2\""); });
  CHECK_FALSE(must(world.download(update())).unchanged);
  CHECK(world.has(kName, 2, kLarge));

  World other;
  other.serve().size(kLarge).on_every([](Answer& answer, const Asking&) { answer.status(304); });
  CHECK_FALSE(other.download(update(), with(1, 0)).ok());
  CHECK(other.absent(kName));
}

TEST_CASE("a file that was changed here is fetched again, whatever its size") {
  World world;
  serve(world, kLarge);
  must(world.download(update()));
  SUBCASE("in place") {
    world.disk.flip(kName, 1000);
    world.disk.set_modified(kName, std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000)));
  }
  SUBCASE("by another file") { world.disk.put(kName, pattern_bytes(9, kLarge)); }
  SUBCASE("cut") { world.disk.put(kName, pattern_bytes(1, kLarge - 1)); }
  serve(world, kLarge);
  CHECK_FALSE(must(world.download(update())).unchanged);
  CHECK(world.has(kName, 1, kLarge));
  for (const Asking& asking : world.script->log()) CHECK(asking.find("If-None-Match") == nullptr);
}

TEST_CASE("a file from another URL is fetched, whatever its validator, its time and its size") {
  const char* other = "";
  SUBCASE("another path") { other = "/g"; }
  SUBCASE("another secret, which may choose the file") { other = "/f?key=2"; }
  for (const bool dated : {true, false}) {
    World world;
    const auto serve_at = [&](const char* path, std::uint64_t seed) {
      OriginScript& script = dated ? serve_dated(world, kLarge, seed, kDate) : serve(world, kLarge, seed);
      script.path(path).size(kLarge).seed(seed);
      if (dated) script.etag("").last_modified(kDate);
    };
    serve_at("/f?key=1", 1);
    Request request = update();
    request.url = "http://origin.test/f?key=1";
    must(world.download(request));
    serve_at("/f?key=1", 1);
    CHECK(must(world.download(request)).unchanged);
    serve_at(other, 3);
    request.url = std::string("http://origin.test") + other;
    CHECK_FALSE(must(world.download(request)).unchanged);
    CHECK(world.has(kName, 3, kLarge));
  }
}

TEST_CASE("dates are compared exactly: an older resource is another one") {
  for (const bool attributes : {true, false}) {
    for (const std::uint64_t size : {kSmall, kLarge}) {
      World world;
      if (!attributes) world.disk.set_kind(kVfat);
      serve_dated(world, size, 1, kDate);
      must(world.download(update()));
      CHECK(world.disk.modified(kName).has_value());
      serve_dated(world, size, 1, kDate);
      CHECK(must(world.download(update())).unchanged);
      CHECK(sent(world) == 1);
      serve_dated(world, size, 2, kOlder);
      CHECK_FALSE(must(world.download(update())).unchanged);
      CHECK(world.has(kName, 2, size));
      check_alone(world);
    }
  }
}

TEST_CASE("another tool's file is the server's if its size and its time are just that") {
  const auto time = *parse_http_date(kDate);
  World world;
  world.disk.put(kName, pattern_bytes(1, kLarge));
  bool same = false;
  SUBCASE("both are") {
    world.disk.set_modified(kName, time);
    same = true;
  }
  SUBCASE("it is newer") { world.disk.set_modified(kName, time + std::chrono::seconds(1)); }
  SUBCASE("it is older") { world.disk.set_modified(kName, time - std::chrono::seconds(1)); }
  SUBCASE("its size differs") {
    world.disk.put(kName, pattern_bytes(1, kLarge - 1));
    world.disk.set_modified(kName, time);
  }
  serve_dated(world, kLarge, 2, kDate);
  CHECK(must(world.download(update())).unchanged == same);
  CHECK(world.has(kName, same ? 1 : 2, kLarge));
}

TEST_CASE("a date that may have had two versions, or no validator, proves nothing") {
  World world;
  world.disk.put(kName, pattern_bytes(1, kLarge));
  world.disk.set_modified(kName, *parse_http_date(kDate));
  SUBCASE("a fresh date") {
    serve_dated(world, kLarge, 2, kDate).on_every([](Answer& answer, const Asking&) { answer.set("Date", kDate); });
  }
  SUBCASE("the first day of all clocks") {
    const char* first = "Thu, 01 Jan 1970 00:00:01 GMT";
    world.disk.set_modified(kName, *parse_http_date(first));
    serve_dated(world, kLarge, 2, first);
  }
  SUBCASE("none") { world.serve().size(kLarge).seed(2).no_validator(); }
  SUBCASE("a weak tag") { world.serve().size(kLarge).seed(2).etag("W/\"a\""); }
  CHECK_FALSE(must(world.download(update())).unchanged);
  CHECK(world.has(kName, 2, kLarge));
}

TEST_CASE("without a sync nothing is kept that a power cut could make a lie") {
  World world;
  serve(world, kLarge).last_modified(kDate).on_every([](Answer& a, const Asking&) { a.set("Date", kNow); });
  Request request = update();
  request.sync = Sync::none;
  must(world.download(request));
  CHECK_FALSE(world.disk.modified(kName).has_value());
  serve(world, kLarge);
  CHECK_FALSE(must(world.download(request)).unchanged);
}

TEST_CASE("a checksum decides without a request, or against whatever the server says") {
  World world;
  serve(world, kLarge);
  must(world.download(update()));
  Request request = update();
  request.checksum = *parse_checksum("xxh3-64=0000000000000000");
  serve(world, kLarge);
  CHECK_FALSE(world.download(request, with(1, 0)).ok());
  CHECK(world.script->entry(1).find("If-None-Match") == nullptr);
  CHECK(world.has(kName, 1, kLarge));  // the old file stays
  for (const char* left : {"f.part", "f.segdl"}) world.disk.erase(left);
  const Error wrong = world.download(request, with(1, 0)).error();
  const std::string words = wrong.reason;
  const auto at = words.find(" is ") + 4;
  request.checksum = *parse_checksum("xxh3-64=" + words.substr(at, 16));
  for (const char* left : {"f.part", "f.segdl"}) world.disk.erase(left);
  serve(world, kLarge);
  const Report report = must(world.download(request));
  CHECK(report.unchanged);
  CHECK(report.verified_to == VerifiedTo::digest);
  CHECK(world.script->log().empty());
}

TEST_CASE("a half-fetched update is continued, and the old file stays until it is whole") {
  World world;
  serve(world, kLarge);
  must(world.download(update()));
  serve(world, kLarge, 2, "\"v2\"").stall_at(kLarge / 2, 99);
  REQUIRE_FALSE(world.download(update(), with(1, 0)).ok());
  CHECK(world.has(kName, 1, kLarge));
  world.disk.kill();
  serve(world, kLarge, 2, "\"v2\"");
  const Report report = must(world.download(update()));
  CHECK(report.reused > 0);
  CHECK(world.has(kName, 2, kLarge));
  check_alone(world);
  serve(world, kLarge, 2, "\"v2\"");
  CHECK(must(world.download(update())).unchanged);
}

TEST_CASE("what is absent is fetched, and a failure leaves what is there") {
  World world;
  serve(world, kLarge);
  CHECK_FALSE(must(world.download(update())).unchanged);
  world.serve().on_every([](Answer& answer, const Asking&) { answer.page(404, 100); });
  CHECK(world.download(update(), with(1, 0)).error().cause == Cause::refused);
  CHECK(world.has(kName, 1, kLarge));
  check_alone(world);
}

TEST_CASE("a name from the server is compared by the response that has it") {
  World world;
  const auto named = [](Answer& answer, const Asking&) {
    answer.set("Content-Disposition", "attachment; filename=\"named\"");
  };
  Request request = update();
  request.output.clear();
  request.remote_name = true;
  world.serve().size(kLarge).on_every(named);
  must(world.download(request));
  CHECK(world.has("named", 1, kLarge));
  world.serve().size(kLarge).on_every(named);
  CHECK(must(world.download(request)).unchanged);
  world.serve().size(kLarge).seed(2).etag("\"v2\"").on_every(named);
  CHECK_FALSE(must(world.download(request)).unchanged);
  CHECK(world.has("named", 2, kLarge));
}
