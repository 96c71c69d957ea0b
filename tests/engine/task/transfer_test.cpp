// A whole one-connection download in a world of fakes: what is asked, what is kept, what is published.
#include "engine/store/journal/journal.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 5 * 16 * kKiB + 1000;

void interrupt_at(World& world, std::uint64_t offset) {
  world.serve().size(kSize).stall_at(offset, 99);
  SessionOptions options;
  options.retries = 0;
  REQUIRE_FALSE(world.download(World::request(), options).ok());
  world.disk.kill();
}

}  // namespace

TEST_CASE("a download publishes the resource and leaves nothing else") {
  for (const std::uint64_t size : {std::uint64_t{1}, 16 * kKiB - 1, 16 * kKiB, 16 * kKiB + 1, kSize, 6 * kMiB}) {
    CAPTURE(size);
    World world;
    world.serve().size(size);
    const auto report = world.download();
    REQUIRE(report.ok());
    CHECK(world.has("f", 1, size));
    CHECK(world.disk.names() == std::vector<std::string>{"f"});
    CHECK(report->total == size);
    CHECK(report->fetched == size);
    CHECK(report->wasted == 0);
    CHECK(report->verified_to == VerifiedTo::strong_validator);
  }
}

TEST_CASE("a file whose mode can't be set is published, and a note says so if others may do more with it") {
  for (const bool ranges : {false, true}) {
    CAPTURE(ranges);
    World world;
    world.disk.set_kind({.unnamed = false, .made_with = ranges ? 0644U : 0777U});
    world.serve().size(kSize);
    if (!ranges) world.script->no_ranges();
    world.disk.fail_kind("set-mode", 1, "Operation not permitted", true);
    const auto report = world.download();
    REQUIRE(report.ok());
    CHECK(world.has("f", 1, kSize));
    CHECK(world.disk.names() == std::vector<std::string>{"f"});
    const bool told = !report->notes.empty() && report->notes.back().find("its mode can't be set") != std::string::npos;
    CHECK(told == !ranges);
  }
}

TEST_CASE("an empty resource is published empty") {
  World world;
  world.serve().size(0);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(world.has("f", 1, 0));
}

TEST_CASE("the first request is a range that brings everything, and later ones carry If-Range") {
  World world;
  world.serve().size(6 * kMiB).cut_at(4 * kMiB);
  REQUIRE(world.download().ok());
  const auto log = world.script->log();
  REQUIRE(log.size() == 2);
  CHECK(*log[0].find("Range") == "bytes=0-");
  CHECK(log[0].find("If-Range") == nullptr);
  CHECK(*log[1].find("Range") == "bytes=4194304-6291455");
  CHECK(*log[1].find("If-Range") == "\"v1\"");
}

TEST_CASE("a resume after a kill fetches exactly what is not claimed") {
  World world;
  interrupt_at(world, 3 * 16 * kKiB + 5000);
  world.serve().size(kSize);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(world.has("f", 1, kSize));
  CHECK(report->reused == 3 * 16 * kKiB);
  CHECK(report->fetched == kSize - 3 * 16 * kKiB);
  CHECK(report->revoked == 0);
  CHECK(*world.script->log()[0].find("Range") == fmt::format("bytes={}-{}", 3 * 16 * kKiB, kSize - 1));
}

TEST_CASE("without a validator a resume asks for all that is missing at once, the short last segment too") {
  World world;
  world.serve().size(kSize).no_validator().stall_at(100, 99);
  SessionOptions options;
  options.retries = 0;
  REQUIRE_FALSE(world.download(World::request(), options).ok());
  world.disk.kill();
  world.serve().size(kSize).no_validator();
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(report->wasted == 0);
  CHECK(world.script->log().size() == 1);
  CHECK(world.has("f", 1, kSize));
}

TEST_CASE("a flipped byte costs exactly its segment") {
  World world;
  interrupt_at(world, 3 * 16 * kKiB + 5000);
  world.disk.flip("f.part", 16 * kKiB + 77);
  world.serve().size(kSize);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(world.has("f", 1, kSize));
  CHECK(report->revoked == 16 * kKiB);
  CHECK(report->fetched == kSize - 2 * 16 * kKiB);
}

TEST_CASE("nothing is published before every inherited claim is proved") {
  World world;
  interrupt_at(world, 3 * 16 * kKiB + 5000);
  // Everything is claimed, so nothing has to be fetched, and one claim is false.
  auto directory = world.disk.open_directory(".");
  REQUIRE(directory.ok());
  auto loaded = engine::Journal::load(**directory, "f.segdl");
  REQUIRE(loaded.ok());
  auto& journal = *std::get<std::unique_ptr<engine::Journal>>(*loaded);
  for (std::uint32_t i = 3; i < 6; ++i) REQUIRE(journal.commit(Segment{i}, 12345).ok());
  world.disk.kill();
  world.serve().size(kSize);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(world.has("f", 1, kSize));
  CHECK(report->revoked == kSize - 3 * 16 * kKiB);
}

TEST_CASE("a resource replaced between kill and resume is fetched new and whole") {
  for (const std::uint64_t size : {kSize, kSize - 5000, kSize + 70'000, std::uint64_t{9000}}) {
    CAPTURE(size);
    World world;
    interrupt_at(world, 3 * 16 * kKiB + 5000);
    world.serve().size(size).seed(2).etag("\"v2\"");
    const auto report = world.download();
    REQUIRE(report.ok());
    CHECK(world.has("f", 2, size));
    CHECK(report->restarts == 1);
    CHECK(world.disk.names() == std::vector<std::string>{"f"});
  }
}

TEST_CASE("a server that ignores If-Range can't mix two versions") {
  World world;
  interrupt_at(world, 3 * 16 * kKiB + 5000);
  world.serve().size(kSize).seed(2).etag("\"v2\"").ignore_if_range();
  REQUIRE(world.download().ok());
  CHECK(world.has("f", 2, kSize));
}

TEST_CASE("a resource replaced during the run is fetched new and whole") {
  World world;
  world.serve().size(6 * kMiB).cut_at(4 * kMiB).change_after(1, 6 * kMiB);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(world.has("f", 1001, 6 * kMiB));
  CHECK(report->restarts == 1);
  CHECK(report->total == report->fetched + report->reused - report->wasted);
}

TEST_CASE("a server with another validator at every turn ends in one stream") {
  World world;
  world.serve()
      .size(6 * kMiB)
      .on_every([](Answer& answer, const Asking& asking) { answer.set("ETag", fmt::format("\"{}\"", asking.number)); })
      .ignore_if_range();
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(world.has("f", 1, 6 * kMiB));
}

TEST_CASE("a retry continues inside a segment") {
  World world;
  world.serve().size(kSize).cut_every(5000);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(world.has("f", 1, kSize));
  CHECK(report->fetched == kSize);
  CHECK(report->retries >= kSize / 5000 - 1);
}

TEST_CASE("a server without ranges is read in one stream, from the beginning after a break") {
  World world;
  world.serve().size(kSize).no_ranges().cut_at(40'000);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(world.has("f", 1, kSize));
  CHECK(report->fetched == kSize + 40'000);
  CHECK(report->wasted == 40'000);
}

TEST_CASE("a server that stops serving ranges half-way ends right") {
  World world;
  world.serve().size(kSize).no_ranges_after(1).cut_at(3 * 16 * kKiB + 5000);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(world.has("f", 1, kSize));
  CHECK(report->total == report->fetched + report->reused - report->wasted);
}

TEST_CASE("a server that serves no ranges any more and cuts again and again ends right") {
  World world;
  // The first span is [0, 4 MiB); the cuts lie in it and, when everything comes from byte 0, behind it.
  world.serve().size(6 * kMiB).no_ranges_after(1).cut_at(kMiB + 100).cut_at(5 * kMiB + 100).cut_at(5 * kMiB + 9000);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(world.has("f", 1, 6 * kMiB));
  CHECK(world.script->log().size() == 4);
  CHECK(report->total == report->fetched + report->reused - report->wasted);
}

TEST_CASE("without a strong validator a response in parts is not joined unseen") {
  for (const char* etag : {"", "W/\"w\""}) {
    World world;
    // Never more than 100,000 bytes in one response, and from the third request on other content of the same size.
    world.serve().size(kSize).etag(etag).on_every([](Answer& answer, const Asking& asking) {
      if (asking.number >= 3) answer.seed = 2;
      if (answer.head.status != 206 || answer.end - answer.begin <= 30'000) return;
      answer.end = answer.begin + 30'000;
      answer.head.content_length = 30'000;
      answer.set("Content-Length", "30000")
          .set("Content-Range", fmt::format("bytes {}-{}/{}", answer.begin, answer.end - 1, kSize));
    });
    const auto report = world.download();
    if (report.ok()) CHECK(world.has("f", 2, kSize));
    if (!report.ok()) CHECK(world.absent("f"));
  }
}

TEST_CASE("a resume from a server that serves no ranges any more keeps what is claimed") {
  World world;
  interrupt_at(world, 3 * 16 * kKiB + 5000);
  world.serve().size(kSize).no_ranges();
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(world.has("f", 1, kSize));
  CHECK(report->reused == 3 * 16 * kKiB);
}

TEST_CASE("a server that always cuts at the same place is given up after the retries") {
  SessionOptions options;
  options.retries = 3;
  const auto attempt = [&options](const char* etag, bool ranges) {
    World world;
    world.serve().size(kSize).etag(etag).cut_at(40'000, 1000);
    if (!ranges) world.script->no_ranges();
    const auto report = world.download(World::request(), options);
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::network);
    CHECK(world.script->log().size() <= 12);
  };
  attempt("\"v1\"", true);
  attempt("\"v1\"", false);
  attempt("", true);
}

TEST_CASE("an unknown size in chunks is read to its end") {
  World world;
  world.serve().size(kSize).no_ranges().on_every([](Answer& answer, const Asking&) { answer.chunked(); });
  REQUIRE(world.download().ok());
  CHECK(world.has("f", 1, kSize));
}

TEST_CASE("the end of a plain connection is not believed to be the end of the resource") {
  World world;
  world.serve().size(kSize).no_ranges().on_every([](Answer& answer, const Asking&) { answer.until_close(); });
  const auto report = world.download();
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::integrity);
  CHECK(world.absent("f"));
}

TEST_CASE("the end of a plain connection is believed on request") {
  World world;
  world.serve().size(kSize).no_ranges().on_every([](Answer& answer, const Asking&) { answer.until_close(); });
  Request request = World::request();
  request.accept_unframed = true;
  REQUIRE(world.download(request).ok());
  CHECK(world.has("f", 1, kSize));
}

TEST_CASE("without a strong validator everything comes in one response") {
  World world;
  world.serve().size(6 * kMiB).etag("W/\"w\"");
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(world.has("f", 1, 6 * kMiB));
  CHECK(report->verified_to == VerifiedTo::length);
  CHECK(world.script->log().size() == 1);
}

TEST_CASE("without a strong validator a resume compares a finished segment first") {
  World world;
  world.serve().size(kSize).etag("").stall_at(3 * 16 * kKiB + 5000, 99);
  SessionOptions once;
  once.retries = 0;
  REQUIRE_FALSE(world.download(World::request(), once).ok());
  world.disk.kill();

  SUBCASE("and goes on if it is the same") {
    world.serve().size(kSize).etag("");
    REQUIRE(world.download().ok());
    CHECK(world.has("f", 1, kSize));
  }
  SUBCASE("and stops if it is not") {
    world.serve().size(kSize).seed(2).etag("");
    const auto report = world.download();
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::changed);
    CHECK(world.absent("f"));
  }
}

TEST_CASE("a page without a validator does not throw progress away") {
  World world;
  interrupt_at(world, 3 * 16 * kKiB + 5000);
  world.serve().size(500).seed(3).etag("").no_ranges();
  const auto report = world.download();
  REQUIRE_FALSE(report.ok());
  CHECK(world.absent("f"));
  world.disk.kill();
  world.serve().size(kSize);
  const auto after = world.download();
  REQUIRE(after.ok());
  CHECK(after->reused == 3 * 16 * kKiB);
}

TEST_CASE("a wrong Content-Range writes nothing") {
  World world;
  world.serve().size(kSize).on_every([](Answer& answer, const Asking& asking) {
    if (answer.head.status == 206 && asking.number <= 2) {
      answer.set("Content-Range", fmt::format("bytes {}-{}/{}", answer.begin + 1, answer.end, kSize + 1));
    }
  });
  REQUIRE(world.download().ok());
  CHECK(world.has("f", 1, kSize));
}

TEST_CASE("refusals that pass are waited for as the server asks") {
  World world;
  world.serve().size(kSize).on(1, [](Answer& answer) { answer.status(503).set("Retry-After", "7"); });
  REQUIRE(world.download().ok());
  REQUIRE(world.clock.pauses().size() == 1);
  CHECK(world.clock.pauses()[0] >= std::chrono::seconds(7));
  CHECK(world.has("f", 1, kSize));
}

TEST_CASE("refusals that do not pass end at once and leave nothing") {
  for (const int status : {401, 403, 404, 410, 501}) {
    CAPTURE(status);
    World world;
    world.serve().size(kSize).on_every([status](Answer& answer, const Asking&) { answer.status(status); });
    const auto report = world.download();
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::refused);
    CHECK(report.error().http_status == status);
    CHECK(world.disk.names().empty());
    const bool may_be_of_form = status != 401 && status != 410;  // asked for once more, without a range
    CHECK(world.script->log().size() == (may_be_of_form ? 2 : 1));
  }
}

TEST_CASE("what was committed is made durable before a pause, unless that was put off to the end") {
  for (const Sync sync : {Sync::interval, Sync::end}) {
    World world;
    world.serve().size(kSize).stall_at(3 * 16 * kKiB + 5000, 99);
    Request request = World::request();
    request.sync = sync;
    SessionOptions once;
    once.retries = 0;
    REQUIRE_FALSE(world.download(request, once).ok());
    const auto log = world.disk.log();
    CHECK(std::count(log.begin(), log.end(), "sync f.part") == (sync == Sync::interval ? 1 : 0));
    CHECK(std::count(log.begin(), log.end(), "sync-mapping f.segdl.new") == (sync == Sync::interval ? 1 : 0));
  }
}

TEST_CASE("a full disk is told, and the same request finishes once there is room") {
  World world;
  world.disk.set_capacity(50'000);
  world.serve().size(kSize);
  const auto report = world.download();
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::local);
  CHECK(world.disk.names().empty());
  world.disk.set_capacity(10 * kMiB);
  REQUIRE(world.download().ok());
  CHECK(world.has("f", 1, kSize));
}
