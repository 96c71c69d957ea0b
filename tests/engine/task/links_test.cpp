// Links that give their resource a few times only, and downloads that go on with what an earlier run left: one response
// has to bring all that is missing, wherever one can.
#include "engine/store/journal/journal.h"
#include "seams/digest.h"
#include "support/every.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace segdl;
using namespace segdl::engine;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSegment = 16 * kKiB;
constexpr std::uint32_t kCount = 64 * 4;
constexpr std::uint64_t kSize = (kCount - 1) * kSegment + 1000;

using Runs = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

const Runs kFront = {{0, 100}};
const Runs kHoles = {{3, 4}, {7, 10}, {20, 41}, {200, 230}};                         // the first segment is missing
const Runs kFrontAndHoles = {{0, 3}, {7, 10}, {20, 41}, {100, 101}, {200, kCount}};  // and so is not the last

Checksum checksum_of(std::uint64_t seed, std::uint64_t size) {
  auto digest = make_digest(Algorithm::sha256);
  REQUIRE(digest.ok());
  (*digest)->update(pattern_bytes(seed, size));
  return Checksum{Algorithm::sha256, (*digest)->value()};
}

Request of(const std::string& url) {
  Request request = World::request();
  request.url = url;
  return request;
}

const Request kToken = of("http://origin.test/f?token=aaa");
const Request kFreshToken = of("http://origin.test/f?token=bbb");

enum class Naming { strong, date, none };

// A link that gives its resource so often, and then answers with that.
OriginScript& give(World& world, unsigned times, int status, Naming naming = Naming::strong) {
  OriginScript& script = world.serve().size(kSize);
  if (naming == Naming::none) script.no_validator();
  if (naming == Naming::date) script.etag("").last_modified("Tue, 01 Jan 2019 00:00:00 GMT");
  return script.on_from(times + 1, [status](Answer& answer) {
    status == 200 ? answer.page(200, 500).set("Content-Type", "text/html") : answer.status(status);
  });
}

// What a run left that was killed with these segments claimed.
void leave(World& world, const Runs& claimed, const Request& request = World::request(),
           Naming naming = Naming::strong) {
  give(world, OriginScript::kAlways - 1, 404, naming).stall_at(kSize - 1, 99);
  REQUIRE_FALSE(world.download(request, with(1, 0)).ok());
  world.disk.kill();
  auto directory = world.disk.open_directory(".");
  REQUIRE(directory.ok());
  auto loaded = Journal::load(**directory, "f.segdl");
  REQUIRE(loaded.ok());
  auto& journal = *std::get<std::unique_ptr<Journal>>(*loaded);
  REQUIRE(journal.claimed() == kCount - 1);
  for (std::uint32_t i = 0; i < kCount; ++i) {
    const bool stays =
        std::any_of(claimed.begin(), claimed.end(), [i](auto run) { return run.first <= i && i < run.second; });
    if (!stays && journal.claims(Segment{i})) REQUIRE(forget(journal, Segment{i}).ok());
  }
  REQUIRE(journal.sync().ok());
}

}  // namespace

TEST_CASE("a resume of a link that gives its resource a few times brings all that is missing, between what is here") {
  CaseSample sample;
  for (const Runs& claimed : {kHoles, kFrontAndHoles}) {
    for (const int status : {204, 200, 401, 404}) {
      for (const unsigned connections : {1U, 8U}) {
        for (const unsigned times : {1U, 3U}) {
          if (!sample.takes_next()) continue;
          CAPTURE(claimed.size());
          CAPTURE(status);
          CAPTURE(connections);
          CAPTURE(times);
          World world;
          leave(world, claimed, kToken);
          give(world, times, status);
          const auto report = world.download(kToken, with(connections));
          REQUIRE(report.ok());
          CHECK(world.has("f", 1, kSize));
        }
      }
    }
  }
}

TEST_CASE("where a link gives more nothing that is here is fetched to get at what lies behind") {
  World world;
  leave(world, kFrontAndHoles, kToken);
  world.serve().size(kSize);
  const auto report = world.download(kToken, with(1));
  REQUIRE(report.ok());
  CHECK(world.has("f", 1, kSize));
  CHECK(report->wasted == 0);
  CHECK(world.script->log().size() == 5);
}

TEST_CASE("of a URL that is no link nothing that is here is asked for") {
  for (const unsigned connections : kConnections) {
    World world;
    leave(world, kFrontAndHoles);
    world.serve().size(kSize);
    REQUIRE(world.download(World::request(), with(connections)).ok());
    for (const auto& asked : world.script->log()) {
      const std::string* field = asked.find("Range");
      REQUIRE(field != nullptr);
      std::uint64_t first = 0, last = 0;
      REQUIRE(std::sscanf(field->c_str(), "bytes=%" SCNu64 "-%" SCNu64, &first, &last) == 2);
      for (const auto& [begin, end] : kFrontAndHoles) {
        const std::uint64_t claimed = std::min(end, kCount - 1) * kSegment;  // the last one never is
        const bool apart = last < begin * kSegment || first >= claimed;
        CHECK(apart);
      }
    }
  }
}

TEST_CASE("a URL in another spelling is the same, and what it began goes on with nothing compared") {
  for (const char* spelling : {"HTTP://origin.test/f?token=aaa", "http://Origin.TEST:80/f?token=aaa",
                               "http://origin.test./x/../f?token=aaa#part"}) {
    CAPTURE(std::string(spelling));
    World world;
    world.serve().size(kSize).stall_at(20 * kSegment, 99);
    REQUIRE_FALSE(world.download(of(spelling), with(1, 0)).ok());
    world.disk.kill();
    world.serve().size(kSize);
    const auto report = world.download(kToken, with(1));
    REQUIRE(report.ok());
    CHECK(report->reused == 20 * kSegment);
    CHECK(report->fetched == kSize - report->reused);
    CHECK(world.has("f", 1, kSize));
  }
}

TEST_CASE("a fresh link that gives its resource once brings all that is missing of what another link began") {
  CaseSample sample;
  for (const Naming naming : {Naming::strong, Naming::date, Naming::none}) {
    for (const bool checked : {false, true}) {
      for (const Runs& claimed : {kFront, kFrontAndHoles}) {
        for (const unsigned connections : kConnections) {
          if (!sample.takes_next()) continue;
          CAPTURE(static_cast<int>(naming));
          CAPTURE(checked);
          CAPTURE(claimed.size());
          CAPTURE(connections);
          World world;
          leave(world, claimed, kToken, naming);
          give(world, 1, 404, naming);
          Request fresh = kFreshToken;
          if (checked) fresh.checksum = checksum_of(1, kSize);
          const auto report = world.download(fresh, with(connections));
          REQUIRE(report.ok());
          CHECK(world.has("f", 1, kSize));
          CHECK(report->reused > 0);
        }
      }
    }
  }
}

// Never a mixture, whatever the ETag (J8): a response is compared with everything that it is joined with.
TEST_CASE("what a fresh link gives is of one version, where it gives more than one response and where it does not") {
  CaseSample sample;
  for (const std::uint32_t differs : {0U, 2U, 254U}) {  // this segment, of what is here
    for (const int status : {200, 204, 404}) {
      for (const unsigned connections : kConnections) {
        for (const bool beside : {false, true}) {  // it refuses what is asked for beside another response alone
          if (!sample.takes_next()) continue;
          CAPTURE(differs);
          CAPTURE(status);
          CAPTURE(connections);
          CAPTURE(beside);
          World world;
          leave(world, kFrontAndHoles, kToken);
          give(world, OriginScript::kAlways - 1, 404).on_every([&](Answer& answer, const Asking& asking) {
            answer.flips.push_back(differs * kSegment + 7);
            if (beside ? asking.active == 1 : asking.number == 1) return;
            status == 200 ? answer.page(200, 500).set("Content-Type", "text/html") : answer.status(status);
          });
          const auto report = world.download(kFreshToken, with(connections, 0));
          if (!beside && differs < 3) {  // the only response did not fit
            CHECK_FALSE(report.ok());
            CHECK(world.absent("f"));
            continue;
          }
          REQUIRE(report.ok());
          auto expected = pattern_bytes(1, kSize);
          expected[differs * kSegment + 7] ^= std::byte{1};
          CHECK(world.disk.get("f") == expected);
        }
      }
    }
  }
}

TEST_CASE("what a fresh link gives of responses is enough, whatever the last one of them is for") {
  for (const unsigned times : {2U, 4U, 5U}) {  // three are for samples
    for (const unsigned connections : kConnections) {
      CAPTURE(times);
      CAPTURE(connections);
      World world;
      leave(world, kFrontAndHoles, kToken);
      give(world, times, 404);
      const auto report = world.download(kFreshToken, with(connections));
      REQUIRE(report.ok());
      CHECK(world.has("f", 1, kSize));
    }
  }
}

TEST_CASE("a fresh link that gives more than one response is compared by samples, and begins again where one differs") {
  for (const std::uint32_t differs : {0U, 254U, kCount}) {
    CAPTURE(differs);
    World world;
    leave(world, kFrontAndHoles, kToken);
    give(world, 99, 404).on_every([differs](Answer& answer, const Asking&) {
      if (differs < kCount) answer.flips.push_back(differs * kSegment + 7);
    });
    const auto report = world.download(kFreshToken, with(1, 0));
    REQUIRE(report.ok());
    CHECK(report->restarts == (differs < kCount ? 1 : 0));
    CHECK((report->reused == 0) == (differs < kCount));
  }
}

TEST_CASE("where nothing could be compared a fresh link that refuses its samples is not believed") {
  for (const unsigned connections : kConnections) {
    World world;
    leave(world, {{3, 100}}, kToken);
    world.serve().size(kSize).seed(2).on_every([](Answer& answer, const Asking& asking) {
      if (asking.number <= 3) answer.status(404);  // of one sample, in each way of asking
    });
    CHECK_FALSE(world.download(kFreshToken, with(connections, 0)).ok());
    CHECK(world.absent("f"));
  }
}

TEST_CASE("a response that ends before what it is compared with is not believed") {
  World world;
  leave(world, {{0, 100}}, kToken);
  world.serve().size(kSize).seed(2).on_every([](Answer& answer, const Asking& asking) {
    if (asking.number == 1) answer.sends(answer.begin, answer.begin + 8 * kKiB);
    if (asking.number > 1) answer.status(404);
  });
  CHECK_FALSE(world.download(kFreshToken, with(1, 0)).ok());
  CHECK(world.absent("f"));
}

TEST_CASE("a link that gives its resource once gives all that another tool has not left") {
  for (const Runs& left : {Runs{}, kFront, kHoles, kFrontAndHoles}) {
    for (const Naming naming : {Naming::strong, Naming::none}) {
      for (const unsigned connections : kConnections) {
        CAPTURE(left.size());
        CAPTURE(static_cast<int>(naming));
        CAPTURE(connections);
        World world;
        world.disk.put("part", pattern_bytes(1, kSize));
        std::uint64_t at = 0;
        for (const auto& [begin, end] : left) {
          if (at < begin * kSegment) world.disk.punch("part", at, begin * kSegment);
          at = end * kSegment;
        }
        if (at < kSize && !left.empty()) world.disk.punch("part", at, kSize);
        give(world, 1, 404, naming);
        Request request = World::request();
        request.adopt = "part";
        request.checksum = checksum_of(1, kSize);
        const auto report = world.download(request, with(connections));
        REQUIRE(report.ok());
        CHECK(world.has("f", 1, kSize));
        CHECK(report->reused > 0);
      }
    }
  }
}

// So a download without retries goes on too.
TEST_CASE("a server that has no further connection beside the first is asked again without it") {
  for (const int status : {0, 429, 503}) {
    for (const bool fresh : {false, true}) {
      CAPTURE(status);
      CAPTURE(fresh);
      World world;
      leave(world, kFrontAndHoles, kToken);
      world.serve().size(kSize).on_every([status](Answer& answer, const Asking& asking) {
        if (asking.active > 1) status == 0 ? answer.silent(WireEnd::stall) : answer.status(status);
      });
      const auto report = world.download(fresh ? kFreshToken : kToken, with(1, 0));
      REQUIRE(report.ok());
      CHECK(world.has("f", 1, kSize));
      CHECK(report->wasted <= (fresh ? 3 * kSegment : 0));  // the samples
      CHECK(report->retries <= 2);
      CHECK(report->elapsed < std::chrono::seconds(5));
    }
  }
}

TEST_CASE("a kept response does not outlive the time limit, where the host asks to be left alone meanwhile") {
  for (const Runs& claimed : {kHoles, kFrontAndHoles}) {
    for (const unsigned connections : {1U, 2U, 8U}) {
      CAPTURE(claimed.size());
      CAPTURE(connections);
      World world;
      leave(world, claimed, kToken);
      world.serve().size(kSize).on_every([](Answer& answer, const Asking& asking) {
        if (asking.number > 1) answer.status(503).set("Retry-After", "60");
      });
      SessionOptions options = with(connections);
      options.max_time = std::chrono::seconds(5);
      CHECK_FALSE(world.download(kToken, options).ok());
      CHECK(world.absent("f"));
    }
  }
}

TEST_CASE("the only response of a fresh link that ends while it is compared leaves the next run to compare as well") {
  for (const int status : {404, 410}) {
    for (const unsigned connections : kConnections) {
      CAPTURE(status);
      CAPTURE(connections);
      World world;
      leave(world, kFrontAndHoles, kToken);
      world.serve().size(kSize).cut_at(2 * kSegment).on_every([status](Answer& answer, const Asking& asking) {
        answer.flips.push_back(2 * kSegment + 7);
        if (asking.number > 1) answer.status(status);
      });
      REQUIRE_FALSE(world.download(kFreshToken, with(connections, 0)).ok());
      world.serve().size(kSize).on_every(
          [](Answer& answer, const Asking&) { answer.flips.push_back(2 * kSegment + 7); });
      const auto report = world.download(kFreshToken, with(connections, 0));
      REQUIRE(report.ok());
      auto expected = pattern_bytes(1, kSize);
      expected[2 * kSegment + 7] ^= std::byte{1};
      CHECK(world.disk.get("f") == expected);
    }
  }
}

TEST_CASE("a fresh link that asks to be left alone for a while is, and then compared as any other") {
  World world;
  leave(world, kFrontAndHoles, kToken);
  world.serve().size(kSize).on_every([](Answer& answer, const Asking& asking) {
    if (asking.number == 1) answer.status(503).set("Retry-After", "3");
  });
  const auto report = world.download(kFreshToken, with(1));
  REQUIRE(report.ok());
  CHECK(world.has("f", 1, kSize));
  CHECK(report->elapsed >= std::chrono::seconds(3));
  CHECK(report->restarts == 0);
}
