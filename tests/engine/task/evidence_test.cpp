// What makes bytes of two responses one version: a strong validator, or that they were compared. Everything else is one
// body alone.
#include "support/every.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 40 * 16 * kKiB + 1000;

// Validators that are none, or not strong.
struct Weak {
  const char* name;
  std::optional<std::string> etag;
  std::optional<std::string> modified;
};
const Weak kWeak[] = {
    {"none", {}, {}},
    {"weak", "W/\"v1\"", {}},
    {"unquoted", "v1", {}},
    {"date without a clock", {}, "Sat, 05 Nov 2022 08:49:37 GMT"},
    {"no date", {}, "yesterday"},
    {"weak with such a date", "W/\"v1\"", "Sat, 05 Nov 2022 08:49:37 GMT"},
};

void name(Answer& answer, const Weak& weak) {
  answer.drop("ETag").drop("Last-Modified").drop("Date");
  if (weak.etag) answer.set("ETag", *weak.etag);
  if (weak.modified) answer.set("Last-Modified", *weak.modified);
}

// Content that is version 1 before `from` and another one from there on.
std::vector<std::byte> version(std::uint64_t from, std::uint64_t seed) {
  auto bytes = pattern_bytes(1, kSize);
  const auto other = pattern_bytes(seed, kSize);
  std::copy(other.begin() + static_cast<std::ptrdiff_t>(from), other.end(),
            bytes.begin() + static_cast<std::ptrdiff_t>(from));
  return bytes;
}

void serve_version(Answer& answer, std::uint64_t from, std::uint64_t seed) {
  answer.seed = 1;
  answer.change_at = from;
  answer.next_seed = seed;
}

// A run that is killed with segments up to this offset claimed.
void interrupt_at(World& world, std::uint64_t offset, const Weak& weak) {
  world.serve().size(kSize).stall_at(offset, 99).on_every([weak](Answer& a, const Asking&) { name(a, weak); });
  REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
  world.disk.kill();
}

bool mentions(const std::vector<std::string>& notes, const std::string& text) {
  return std::any_of(notes.begin(), notes.end(), [&](const auto& n) { return n.find(text) != std::string::npos; });
}

Request with_token(const char* token) {
  Request request = World::request();
  request.url = fmt::format("http://origin.test/f?token={}", token);
  return request;
}

}  // namespace

TEST_CASE("a 200 that speaks of a part is never published as the whole, by whichever response it comes") {
  CaseSample sample;
  for (const unsigned connections : kConnections) {
    for (const unsigned from : {1U, 2U, 3U}) {
      for (const char* range : {"bytes 0-4194303/4700001", "bytes */4700001", "lines 0-1/2", "nonsense"}) {
        if (!sample.takes_next()) continue;
        CAPTURE(connections);
        CAPTURE(from);
        CAPTURE(range);
        World world;
        world.serve().size(4'700'001).on_every([&](Answer& answer, const Asking& asking) {
          if (asking.number < from || asking.find("Range") == nullptr) return;
          answer.head.status = 200;
          answer.set("Content-Range", range);
        });
        const auto report = world.download(World::request(), with(connections));
        if (report) CHECK(world.has("f", 1, 4'700'001));
        if (!report) CHECK(world.absent("f"));
      }
    }
  }
}

TEST_CASE("a server that calls every answer whole and sends a part is refused with what it contradicts") {
  World world;
  world.serve().size(4'700'001).on_every([](Answer& answer, const Asking&) {
    answer.sends(0, 4 * kMiB);
    answer.head.status = 200;
    answer.set("Content-Range", "bytes 0-4194303/4700001");
  });
  const auto report = world.download();
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::integrity);
  CHECK(world.absent("f"));
}

TEST_CASE("a 200 just as long as the range is asked for again without one") {
  for (const bool framed : {true, false}) {
    for (const unsigned connections : kConnections) {
      CAPTURE(framed);
      World world;
      world.serve().size(4'700'001).on_every([framed](Answer& answer, const Asking& asking) {
        if (asking.find("Range") == nullptr) return;
        answer.head.status = 200;
        answer.drop("Content-Range");
        if (!framed) answer.chunked();
      });
      REQUIRE(world.download(World::request(), with(connections)).ok());
      CHECK(world.has("f", 1, 4'700'001));
    }
  }
}

TEST_CASE("a resource as long as the first range is downloaded from a server without ranges") {
  for (const bool framed : {true, false}) {
    World world;
    world.serve().size(4 * kMiB).no_ranges();
    if (!framed) world.script->on_every([](Answer& answer, const Asking&) { answer.chunked(); });
    REQUIRE(world.download().ok());
    CHECK(world.has("f", 1, 4 * kMiB));
  }
}

TEST_CASE("another length under the same strong ETag is a contradiction, not another version") {
  for (const std::int64_t by : {-1, 1, 4096}) {
    CAPTURE(by);
    World world;
    world.serve().size(4'700'001).on_every([by](Answer& answer, const Asking& asking) {
      if (asking.number == 1 || asking.find("Range") == nullptr) return;
      answer.sends(0, static_cast<std::uint64_t>(static_cast<std::int64_t>(4 * kMiB) + by));
      answer.head.status = 200;
      answer.drop("Content-Range");
    });
    const auto report = world.download();
    if (report) CHECK(world.has("f", 1, 4'700'001));
    if (!report) CHECK(world.absent("f"));
  }
}

TEST_CASE("without a strong validator nothing is joined with another response of the same run") {
  CaseSample sample;
  for (const Weak& weak : kWeak) {
    for (const std::uint64_t shared : {std::uint64_t{0}, kSize / 2, kSize - 1}) {
      for (const std::uint64_t cut : {kSize / 4, kSize * 3 / 4, kSize - 1}) {
        for (const unsigned turn : {2U, 3U}) {
          if (!sample.takes_next()) continue;
          CAPTURE(weak.name);
          CAPTURE(shared);
          CAPTURE(cut);
          CAPTURE(turn);
          World world;
          world.serve().size(kSize).cut_at(cut, 2).on_every([&](Answer& answer, const Asking& asking) {
            name(answer, weak);
            if (asking.number >= turn) serve_version(answer, shared, 7);
          });
          const auto report = world.download();
          const auto output = world.disk.get("f");
          CHECK(report.ok() == output.has_value());
          if (output) CHECK((*output == version(shared, 7) || *output == version(0, 1)));
        }
      }
    }
  }
}

TEST_CASE("a version that changes within a body is not joined with another body's rest") {
  World world;
  world.serve().size(kSize).etag("").cut_at(kSize * 3 / 4).on_every([](Answer& answer, const Asking& asking) {
    if (asking.number >= 2) serve_version(answer, kSize / 8, 9);
  });
  REQUIRE(world.download().ok());
  CHECK(world.disk.get("f") == version(kSize / 8, 9));
}

TEST_CASE("a resume without a strong validator compares and goes on in one body, and the report says so") {
  for (const Weak& weak : kWeak) {
    CAPTURE(weak.name);
    World world;
    interrupt_at(world, 30 * 16 * kKiB + 500, weak);
    world.serve().size(kSize).on_every([&](Answer& answer, const Asking&) { name(answer, weak); });
    const auto report = world.download();
    REQUIRE(report.ok());
    CHECK(world.has("f", 1, kSize));
    REQUIRE(world.script->log().size() == 1);
    CHECK(*world.script->entry(1).find("Range") == fmt::format("bytes=0-{}", kSize - 1));
    CHECK(report->reused == 30 * 16 * kKiB);
  }
}

TEST_CASE("a resume compares a mebibyte before the first hole") {
  constexpr std::uint64_t kLarge = 5 * kMiB;
  World world;
  world.serve().size(kLarge).etag("").stall_at(3 * kMiB + 100, 99);
  REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
  world.disk.kill();
  world.serve().size(kLarge).etag("");
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(world.has("f", 1, kLarge));
  CHECK(*world.script->entry(1).find("Range") == fmt::format("bytes={}-{}", 2 * kMiB, kLarge - 1));
  CHECK(mentions(report->notes, "joined with what was here after comparing 1048576 bytes"));
}

TEST_CASE("a resume that meets another version in what it compares stops, and keeps what is there") {
  for (const Weak& weak : kWeak) {
    for (const std::uint64_t shared : {std::uint64_t{0}, kSize / 2, 29 * 16 * kKiB}) {
      CAPTURE(weak.name);
      CAPTURE(shared);
      World world;
      interrupt_at(world, 30 * 16 * kKiB + 500, weak);
      const auto before = world.disk.get("f.part");
      world.serve().size(kSize).on_every([&](Answer& answer, const Asking&) {
        name(answer, weak);
        serve_version(answer, shared, 5);
      });
      const auto report = world.download();
      REQUIRE_FALSE(report.ok());
      CHECK(report.error().cause == Cause::changed);
      CHECK(world.absent("f"));
      CHECK(world.disk.get("f.part") == before);
    }
  }
}

TEST_CASE("a resume whose body is cut begins the next one at the beginning") {
  World world;
  interrupt_at(world, 20 * 16 * kKiB + 500, kWeak[0]);
  world.serve().size(kSize).etag("").cut_at(35 * 16 * kKiB).on_every([](Answer& answer, const Asking& asking) {
    if (asking.number >= 2) serve_version(answer, 36 * 16 * kKiB, 3);
  });
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(world.disk.get("f") == version(36 * 16 * kKiB, 3));
  CHECK(world.script->entry(2).find("Range") == nullptr);
  CHECK_FALSE(mentions(report->notes, "joined"));
}

TEST_CASE("every validator that both responses have is compared") {
  struct Pair {
    const char* etag;
    const char* modified;
    const char* other_etag;
    const char* other_modified;
  };
  const char* old = "Sat, 05 Nov 2022 08:49:37 GMT";
  const char* later = "Sat, 05 Nov 2022 08:49:39 GMT";
  const Pair pairs[] = {{"W/\"v1\"", old, "W/\"v2\"", old},   {"v1", old, "v2", old},
                        {"W/\"v1\"", old, "W/\"v1\"", later}, {"\"v1\"", old, "\"v1\"", later},
                        {"\"v1\"", old, "\"v2\"", old},       {"", old, "", later}};
  for (const Pair& pair : pairs) {
    for (const unsigned connections : kConnections) {
      CAPTURE(pair.etag);
      CAPTURE(pair.other_etag);
      CAPTURE(connections);
      World world;
      world.serve().size(kSize).cut_at(kSize * 3 / 4).on_every([&](Answer& answer, const Asking& asking) {
        const bool second = asking.number >= 2;
        const std::string etag = second ? pair.other_etag : pair.etag;
        answer.drop("ETag").set("Last-Modified", second ? pair.other_modified : pair.modified);
        answer.set("Date", "Sun, 06 Nov 2022 08:49:37 GMT");
        if (!etag.empty()) answer.set("ETag", etag);
        if (second) serve_version(answer, kSize / 2, 4);
      });
      const auto report = world.download(World::request(), with(connections));
      const auto output = world.disk.get("f");
      CHECK(report.ok() == output.has_value());
      if (output) CHECK(*output == version(kSize / 2, 4));
    }
  }
}

TEST_CASE("no date is sent in If-Range where there is an ETag of any kind") {
  for (const char* etag : {"W/\"v1\"", "v1", ""}) {
    World world;
    world.serve().size(6 * kMiB).cut_at(4 * kMiB).on_every([etag](Answer& answer, const Asking&) {
      answer.set("ETag", etag).set("Last-Modified", "Sat, 05 Nov 2022 08:49:37 GMT");
      answer.set("Date", "Sun, 06 Nov 2022 08:49:37 GMT");
    });
    REQUIRE(world.download().ok());
    CHECK(world.has("f", 1, 6 * kMiB));
    CHECK(world.script->log().size() == 2);  // a strong date all the same: ranges are joined
    CHECK(world.script->entry(2).find("If-Range") == nullptr);
  }
}

TEST_CASE("a URL with a secret and no strong validator is continued by the same URL, and by one with another secret") {
  World world;
  world.serve().size(kSize).etag("").stall_at(30 * 16 * kKiB + 500, 99);
  REQUIRE_FALSE(world.download(with_token("aaa"), with(1, 0)).ok());
  world.disk.kill();
  const auto journal = world.disk.get("f.segdl");
  REQUIRE(journal.has_value());
  const std::string text(reinterpret_cast<const char*>(journal->data()), journal->size());
  CHECK(text.find("aaa") == std::string::npos);
  SUBCASE("the same") {
    world.serve().size(kSize).etag("");
    const auto report = world.download(with_token("aaa"));
    REQUIRE(report.ok());
    CHECK(report->reused == 30 * 16 * kKiB);
    CHECK(world.has("f", 1, kSize));
  }
  SUBCASE("another") {
    world.serve().size(kSize).etag("");
    const auto report = world.download(with_token("bbb"));
    REQUIRE(report.ok());
    CHECK(report->reused == 30 * 16 * kKiB);
    CHECK(world.has("f", 1, kSize));
  }
  SUBCASE("one that differs in more") {
    world.serve().size(kSize).etag("");
    Request request = World::request();
    request.url = "http://origin.test/f?token=aaa&page=2";
    const auto report = world.download(request);
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::changed);
  }
}

TEST_CASE("what looks like a secret may choose the resource, and a strong validator alone does not vouch for it") {
  World world;
  world.serve().size(kSize).stall_at(30 * 16 * kKiB + 500, 99);
  REQUIRE_FALSE(world.download(with_token("aaa"), with(1, 0)).ok());
  world.disk.kill();
  SUBCASE("it does not") {
    world.serve().size(kSize);
    const auto report = world.download(with_token("bbb"));
    REQUIRE(report.ok());
    CHECK(report->reused == 30 * 16 * kKiB);
    CHECK(world.has("f", 1, kSize));
  }
  SUBCASE("it does, and both are called the same") {
    world.serve().size(kSize).seed(2);
    const auto report = world.download(with_token("bbb"));
    REQUIRE(report.ok());
    CHECK(report->reused == 0);
    CHECK(world.has("f", 2, kSize));
  }
}

TEST_CASE("a page instead of the rest of a resource without a strong validator is not published as a new version") {
  for (const Weak& weak : kWeak) {
    for (const unsigned connections : kConnections) {
      CAPTURE(weak.name);
      World world;
      world.serve().size(6 * kMiB).cut_at(4 * kMiB).on_every([&](Answer& answer, const Asking& asking) {
        name(answer, weak);
        if (asking.number > 1) answer.page(200, 32);
      });
      const auto report = world.download(World::request(), with(connections, 2));
      REQUIRE_FALSE(report.ok());
      CHECK(world.absent("f"));
    }
  }
}

TEST_CASE("a comparison is continued where a shorter answer ends") {
  World world;
  world.serve().size(kSize).stall_at(3 * 16 * kKiB + 100, 99);
  REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
  world.disk.kill();
  world.serve().size(kSize).on_every([](Answer& answer, const Asking&) {
    if (answer.end - answer.begin > 5000) answer.sends(answer.begin, answer.begin + 5000);
  });
  Request other = World::request();
  other.url = "http://origin.test/other";
  REQUIRE(world.download(other).ok());
  CHECK(world.has("f", 1, kSize));
  CHECK(world.script->log().size() < 200);
}

TEST_CASE(
    "bodies that each come one segment further than the one before are given up, not read from the beginning for "
    "ever") {
  World world;
  world.serve().size(kSize).etag("").on_every(
      [](Answer& answer, const Asking& asking) { answer.cut_at = std::uint64_t{asking.number} * 16 * kKiB + 100; });
  const auto report = world.download();
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::network);
  CHECK(world.script->log().size() < 20);
}
