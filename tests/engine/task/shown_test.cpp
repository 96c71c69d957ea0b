// What answers have shown of a resource, used or not, and what comes later and names no version (core/http/shown.h).
#include "seams/digest.h"
#include "support/hints.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 40 * 16 * kKiB + 1000;

// Ranges that contradict what was asked, or themselves, of a file of this type; and this to a plain request.
struct Ranges {
  const char* how;
  const char* content_range;  // with the last byte, and the size
  const char* etag;
  const char* type;
};

enum class Body { sized, chunked, until_close };
constexpr Body kBodies[] = {Body::sized, Body::chunked, Body::until_close};

void frame(Answer& answer, Body body) {
  if (body == Body::chunked) answer.chunked();
  if (body == Body::until_close) answer.until_close();
}

void serve_contradicting(World& world, const Ranges& ranges, std::function<void(Answer&)> plain) {
  world.serve().size(kSize).no_validator().on_every(
      [&ranges, plain = std::move(plain)](Answer& answer, const Asking& asking) {
        if (asking.find("Range") == nullptr) return plain(answer);
        if (*ranges.etag != 0) answer.set("ETag", ranges.etag);
        if (*ranges.type != 0) answer.set("Content-Type", ranges.type);
        answer.set("Content-Range", fmt::format(fmt::runtime(ranges.content_range), kSize - 1, kSize));
      });
}

}  // namespace

TEST_CASE("a page is not published for a file whose ranges contradict themselves") {
  const Ranges kinds[] = {{"no total", "bytes 0-{}/*", "\"v1\"", ""},
                          {"another beginning", "bytes 1-{}/{}", "\"v1\"", "application/zip"},
                          {"no version, but a type", "bytes 0-{}/*", "", "application/zip"},
                          {"neither", "bytes 0-{}/*", "", ""}};
  for (const Ranges& ranges : kinds) {
    for (const char* type : {"text/html", "", "application/x-page"}) {
      const bool tells = *ranges.etag != 0 || *ranges.type != 0 || std::string(type) == "text/html";
      if (!tells) continue;  // what else could the answer to a plain request be?
      for (const Body body : kBodies) {
        for (const unsigned connections : kConnections) {
          CAPTURE(std::string(ranges.how));
          CAPTURE(std::string(type));
          CAPTURE(static_cast<int>(body));
          CAPTURE(connections);
          World world;
          serve_contradicting(world, ranges, [&](Answer& answer) {
            answer.page(200, 32);
            if (*type != 0) answer.set("Content-Type", type);
            frame(answer, body);
          });
          const auto report = world.download(World::request(), with(connections, 1));
          REQUIRE_FALSE(report.ok());
          CHECK(world.absent("f"));
          std::vector<std::byte> given;
          Request request = World::request();
          request.accept_unframed = true;
          request.consumer = [&given](std::span<const std::byte> bytes) {
            given.insert(given.end(), bytes.begin(), bytes.end());
            return Result<void>();
          };
          CHECK_FALSE(world.download(request, with(connections, 1)).ok());
          CHECK(given.empty());
        }
      }
    }
  }
}

TEST_CASE("what names no version is published for such a file where it is as long as was told") {
  const Ranges kinds[] = {{"another beginning", "bytes 1-{}/{}", "\"v1\"", ""},
                          {"no total", "bytes 0-{}/*", "\"v1\"", ""}};
  for (const Ranges& ranges : kinds) {
    for (const Body body : {Body::sized, Body::chunked}) {
      for (const std::int64_t more : {0, -1, 1}) {
        for (const unsigned connections : kConnections) {
          CAPTURE(std::string(ranges.how));
          CAPTURE(static_cast<int>(body));
          CAPTURE(more);
          CAPTURE(connections);
          World world;
          serve_contradicting(world, ranges, [&](Answer& answer) {
            answer.page(200, kSize + static_cast<std::uint64_t>(more));
            frame(answer, body);
          });
          const auto report = world.download(World::request(), with(connections, 1));
          CHECK(report.ok() == (more == 0));
          CHECK((more == 0 ? world.has("f", 1, kSize) : world.absent("f")));
        }
      }
    }
  }
}

TEST_CASE("what names no version is not taken for what an earlier run has begun under a name") {
  for (const bool named_by_server : {false, true}) {
    for (const char* type : {"", "text/html"}) {
      for (const unsigned connections : kConnections) {
        CAPTURE(named_by_server);
        CAPTURE(std::string(type));
        CAPTURE(connections);
        World world;
        const auto chunked = [](Answer& answer, const Asking&) { answer.chunked(); };
        world.serve().size(kSize).no_ranges().stall_at(kSize / 2, 99).on_every(chunked);
        Request request = World::request();
        REQUIRE_FALSE(world.download(request, with(connections, 0)).ok());
        world.disk.kill();
        REQUIRE_FALSE(world.absent("f.segdl"));
        world.serve().on_every([type](Answer& answer, const Asking&) {
          answer.page(200, 32);
          if (*type != 0) answer.set("Content-Type", type);
        });
        request.remote_name = named_by_server;
        if (named_by_server) request.output.clear();
        const auto report = world.download(request, with(connections, 1));
        REQUIRE_FALSE(report.ok());
        CHECK(report.error().cause == Cause::changed);
        CHECK(has_hint(report.error(), Hint::accept_new_version));
        CHECK(world.absent("f"));
        world.disk.kill();
        request.resume = false;
        REQUIRE(world.download(request, with(connections, 1)).ok());
        CHECK(world.disk.get("f")->size() == 32);
      }
    }
  }
}

TEST_CASE("what was begun of another URL says nothing of this one") {
  World world;
  world.serve().size(kSize).no_ranges().stall_at(kSize / 2, 99).on_every([](Answer& a, const Asking&) { a.chunked(); });
  REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
  world.disk.kill();
  world.serve().size(700).no_validator();
  Request request = World::request();
  request.url = "http://origin.test/other";
  REQUIRE(world.download(request, with(1, 1)).ok());
  CHECK(world.has("f", 1, 700));
}

TEST_CASE("a checksum tells what names no version where one was named before") {
  const Ranges ranges{"no total", "bytes 0-{}/*", "\"v1\"", "application/zip"};
  for (const bool is_right : {false, true}) {
    CAPTURE(is_right);
    World world;
    serve_contradicting(world, ranges, [&](Answer& answer) { answer.page(200, is_right ? kSize : 32).chunked(); });
    Request request = World::request();
    auto digest = make_digest(Algorithm::sha256);
    REQUIRE(digest.ok());
    (*digest)->update(pattern_bytes(1, kSize));
    request.checksum = Checksum{Algorithm::sha256, (*digest)->value()};
    CHECK(world.download(request, with(1, 1)).ok() == is_right);
    CHECK((is_right ? world.has("f", 1, kSize) : world.absent("f")));
  }
}

TEST_CASE("what is of the kind that ranges of no use were is believed, whatever its length") {
  const Ranges kinds[] = {{"a first piece", "bytes 0-99/*", "\"v1\"", "application/zip"},
                          {"a first piece", "bytes 0-99/*", "", ""},
                          {"a page", "bytes 1-{}/{}", "\"v1\"", "text/html"}};
  for (const Ranges& ranges : kinds) {
    for (const Body body : {Body::sized, Body::chunked}) {
      for (const unsigned connections : kConnections) {
        CAPTURE(std::string(ranges.how));
        CAPTURE(std::string(ranges.type));
        CAPTURE(static_cast<int>(body));
        CAPTURE(connections);
        World world;
        serve_contradicting(world, ranges, [&](Answer& answer) {
          if (*ranges.type != 0) answer.set("Content-Type", ranges.type);
          frame(answer, body);
        });
        REQUIRE(world.download(World::request(), with(connections, 1)).ok());
        CHECK(world.has("f", 1, kSize));
      }
    }
  }
}
