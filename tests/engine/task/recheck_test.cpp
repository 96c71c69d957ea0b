// Another program changes the file while it is being downloaded, in a world of fakes: what is published is right, or
// nothing is. Each way of changing it over one and eight connections, fresh and resumed, with and without a checksum.
#include "engine/store/journal/proof.h"

#include "seams/digest.h"
#include "support/every.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <functional>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSegment = 16 * kKiB;
constexpr std::uint64_t kSize = 12 * kSegment + 1000;

using Doing = std::function<void(FakeInode&)>;

// What another program does to a file. Some of it leaves no trace.
struct Way {
  const char* name;
  bool traced;
  Doing doing;
};
const std::vector<Way> kWays = {
    {"cut to nothing", true, [](FakeInode& inode) { inode.set_length(0); }},
    {"cut to half", true, [](FakeInode& inode) { inode.set_length(inode.live.size() / 2); }},
    {"cut by one byte", true, [](FakeInode& inode) { inode.set_length(inode.live.size() - 1); }},
    {"made longer", true, [](FakeInode& inode) { inode.set_length(inode.live.size() + 5000); }},
    {"cut, and made as long as it was", true,
     [](FakeInode& inode) {
       const std::uint64_t length = inode.live.size();
       inode.set_length(0);
       inode.set_length(length);
     }},
    {"a hole punched", true,
     [](FakeInode& inode) {
       std::fill_n(inode.live.begin(), kFakePage, std::byte{0});
       inode.written[0] = false;
     }},
    {"zeros in place", false, [](FakeInode& inode) { std::fill_n(inode.live.begin(), 100, std::byte{0}); }},
    {"a byte in place", false, [](FakeInode& inode) { inode.live[0] ^= std::byte{1}; }},
};

Request asking(bool verify, bool checksum = false, std::uint64_t size = kSize) {
  Request request = World::request();
  request.verify = verify;
  if (!checksum) return request;
  auto digest = make_digest(Algorithm::sha256);
  REQUIRE(digest.ok());
  (*digest)->update(pattern_bytes(1, size));
  request.checksum = Checksum{Algorithm::sha256, (*digest)->value()};
  return request;
}

void interrupt(World& world) {
  world.serve().size(kSize).stall_at(4 * kSegment + 1000, 99);
  SessionOptions once = with(1);
  once.retries = 0;
  REQUIRE_FALSE(world.download(World::request(), once).ok());
  world.disk.kill();
}

void check_published(World& world, const Result<Report>& report, std::uint64_t size = kSize) {
  if (!report.ok()) MESSAGE(report.error().message());
  REQUIRE(report.ok());
  CHECK(world.has("f", 1, size));
  CHECK(world.disk.names() == std::vector<std::string>{"f"});
  CHECK(report->total == size);
  CHECK(report->total == report->fetched + report->reused - report->wasted);
}

}  // namespace

TEST_CASE("a file that another program changes after any write is published right") {
  for (const Way& way : kWays) {
    CAPTURE(way.name);
    for (const bool resumed : {false, true}) {
      for (const unsigned connections : {1U, 8U}) {
        for (const bool checksum : {false, true}) {
          for (std::uint64_t write = 1; write <= (resumed ? 9 : 13); write += every(1)) {
            CAPTURE(resumed);
            CAPTURE(connections);
            CAPTURE(checksum);
            CAPTURE(write);
            World world;
            if (resumed) interrupt(world);
            world.serve().size(kSize);
            world.disk.meddle("f.part", write, way.doing);
            // What leaves no trace is found by reading all of it, for which a digest that is wrong is a reason as well.
            const auto report = world.download(asking(!way.traced, checksum), with(connections));
            check_published(world, report);
          }
        }
      }
    }
  }
}

TEST_CASE("a file that was cut is noticed by its length, where holes can't be seen") {
  for (std::uint64_t write = 1; write <= 13; ++write) {
    CAPTURE(write);
    World world;
    world.serve().size(kSize);
    world.disk.set_holes_seen(false);
    world.disk.meddle("f.part", write, [](FakeInode& inode) { inode.set_length(0); });
    check_published(world, world.download(asking(false)));
  }
  World stream;
  stream.serve().size(900'000).no_ranges();
  stream.disk.set_holes_seen(false);
  stream.disk.meddle("f.part", 2, [](FakeInode& inode) { inode.set_length(0); });
  check_published(stream, stream.download(asking(false)), 900'000);
}

TEST_CASE("and at a checkpoint, though it is as long again at the end") {
  World world;
  world.serve().size(kSize);
  world.disk.set_holes_seen(false);
  world.disk.meddle("f.part", 3, [&world](FakeInode& inode) {
    inode.set_length(0);
    world.clock.advance(std::chrono::seconds(2));  // a checkpoint is due with this write
    world.disk.meddle_again("f.part", 1, [](FakeInode& again) { again.set_length(kSize); });
  });
  const auto report = world.download(asking(false));
  check_published(world, report);
  CHECK(report->rehashed);
}

TEST_CASE("what was damaged is fetched again, nothing else, and the report says so") {
  World world;
  world.serve().size(kSize);
  world.disk.meddle("f.part", 13, [](FakeInode& inode) {
    for (const std::uint64_t segment : {2U, 7U}) inode.live[segment * kSegment + 5] ^= std::byte{1};
  });
  Request request = asking(true);
  request.events = true;
  const auto report = world.download(request);
  check_published(world, report);
  CHECK(report->rehashed);
  CHECK(report->fetched == kSize + 2 * kSegment);
  CHECK(report->wasted == 2 * kSegment);
  CHECK(report->revoked == 0);
  REQUIRE_FALSE(report->notes.empty());
  CHECK(report->notes.back().find("f.part was changed after it was written") == 0);
  std::vector<Range> revoked;
  for (const Event& event : world.events) {
    if (const auto* what = std::get_if<Revoked>(&event.what)) revoked.push_back(what->range);
  }
  CHECK(revoked == std::vector<Range>{{2 * kSegment, 3 * kSegment}, {7 * kSegment, 8 * kSegment}});
}

TEST_CASE("of what an earlier run left, what is damaged behind its proof counts as revoked") {
  World world;
  interrupt(world);
  world.serve().size(kSize);
  world.disk.flip("f.part", kSegment + 3);  // the proof of this one fails at the beginning
  world.disk.meddle("f.part", 10, [](FakeInode& inode) {
    for (const std::uint64_t segment : {0U, 1U, 6U}) inode.live[segment * kSegment + 5] ^= std::byte{1};
  });
  const auto report = world.download(asking(true));
  check_published(world, report);
  CHECK(report->revoked == 2 * kSegment);
  CHECK(report->reused == 2 * kSegment);
  CHECK(report->wasted == 2 * kSegment);
}

TEST_CASE("nothing is read again where nothing shows that it must be") {
  for (const bool verify : {false, true}) {
    CAPTURE(verify);
    World world;
    world.serve().size(kSize);
    const auto report = world.download(asking(verify));
    check_published(world, report);
    CHECK(report->rehashed == verify);
    CHECK(report->fetched == kSize);
    const auto log = world.disk.log();
    CHECK((std::count(log.begin(), log.end(), "read f.part") > 0) == verify);
  }
}

TEST_CASE("a trace that was a false alarm costs a reading, and is no error") {
  World world;
  world.serve().size(kSize);
  world.disk.meddle("f.part", 13, [](FakeInode& inode) { inode.written[3] = false; });  // zeros left out on disk
  const auto report = world.download(asking(false));
  check_published(world, report);
  CHECK(report->rehashed);
  CHECK(report->fetched == kSize);
  CHECK(report->notes.empty());
}

TEST_CASE("what is changed time and again ends with an error that says where, and what is sound is kept") {
  World world;
  world.serve().size(kSize);
  Doing again = [&](FakeInode& inode) {
    inode.live[3 * kSegment + 9] ^= std::byte{1};
    world.disk.meddle_again("f.part", 1, again);
  };
  world.disk.meddle("f.part", 13, again);
  const auto report = world.download(asking(true));
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::integrity);
  CHECK(report.error().offset == 3 * kSegment);
  std::uint64_t sent = 0;
  for (const Asking& request : world.script->log()) sent += request.sent;
  CHECK(sent == kSize + engine::kMaxRepairs * kSegment);
  CHECK(report.error().resumable);
  CHECK(report.error().message().find("f.part") != std::string::npos);
  CHECK_FALSE(report.error().hints.empty());
  CHECK(world.absent("f"));
  world.disk.kill();
  world.serve().size(kSize);
  const auto later = world.download(asking(true));
  check_published(world, later);
  CHECK(later->reused == kSize - kSegment);
}

TEST_CASE("without a strong validator all of it comes again in one response") {
  for (const unsigned connections : {1U, 8U}) {
    World world;
    world.serve().size(kSize).no_validator();
    world.disk.meddle("f.part", 9, kWays.front().doing);
    const auto report = world.download(asking(false), with(connections));
    check_published(world, report);
    CHECK(report->wasted >= kSize);
    CHECK(report->rehashed);
  }
}

TEST_CASE("a stream that another program changes begins again") {
  constexpr std::uint64_t kStream = 5 * 256 * kKiB + 1000;
  for (const Way& way : kWays) {
    CAPTURE(way.name);
    for (const bool checksum : {false, true}) {
      for (std::uint64_t write = 1; write <= 6; write += every(1)) {
        CAPTURE(write);
        World world;
        world.serve().size(kStream).no_ranges();
        world.disk.meddle("f.part", write, way.doing);
        const auto report = world.download(asking(!way.traced, checksum, kStream));
        check_published(world, report, kStream);
        CHECK(report->rehashed);
      }
    }
  }
}

TEST_CASE("a stream that is changed time and again ends with an error") {
  World world;
  world.serve().size(kSize).no_ranges();
  Doing again = [&](FakeInode& inode) {
    inode.live[0] ^= std::byte{1};
    world.disk.meddle_again("f.part", 1, again);
  };
  world.disk.meddle("f.part", 1, again);
  const auto report = world.download(asking(true));
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::integrity);
  CHECK(world.absent("f"));
  world.disk.kill();
  world.serve().size(kSize).no_ranges();
  check_published(world, world.download(asking(true)));
}

TEST_CASE("a small file is read back where that is asked for") {
  for (const bool verify : {false, true}) {
    World world;
    world.serve().size(1000);
    world.disk.meddle("(unnamed)", 1, [](FakeInode& inode) { inode.live[7] ^= std::byte{1}; });
    const auto report = world.download(asking(verify));
    REQUIRE(report.ok());
    CHECK(report->rehashed == verify);
    CHECK(world.has("f", 1, 1000) == verify);
  }
  World world;
  world.serve().size(1000);
  Doing again = [&](FakeInode& inode) {
    inode.live[7] ^= std::byte{1};
    world.disk.meddle_again("(unnamed)", 1, again);
  };
  world.disk.meddle("(unnamed)", 1, again);
  const auto report = world.download(asking(true));
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::integrity);
  CHECK(world.disk.names().empty());
}

TEST_CASE("a file that was replaced is not published, and one with a second name is read again") {
  World world;
  world.serve().size(5 * kMiB).cut_at(4 * kMiB).on(2, [&world](Answer&) {
    world.disk.move("f.part", "elsewhere");
    world.disk.put("f.part", pattern_bytes(9, 5 * kMiB));
  });
  REQUIRE_FALSE(world.download(asking(false)).ok());
  CHECK(world.absent("f"));

  World linked;
  linked.serve().size(5 * kMiB).cut_at(4 * kMiB).on(2, [&linked](Answer&) { linked.disk.link("f.part", "backup"); });
  const auto report = linked.download(asking(false));
  REQUIRE(report.ok());
  CHECK(report->rehashed);
  CHECK(linked.has("f", 1, 5 * kMiB));
}

TEST_CASE("a consumer has no file to be read back") {
  World world;
  world.serve().size(kSize);
  Request request = asking(true);
  request.consumer = [](std::span<const std::byte>) { return Result<void>(); };
  const auto report = world.download(request);
  REQUIRE(report.ok());
  CHECK_FALSE(report->rehashed);
}

TEST_CASE("a file that had its name already was read to recognise it") {
  World world;
  world.serve().size(kSize);
  world.disk.fail_kind("remove", 1, "Input/output error");  // of the journal
  REQUIRE(world.download().ok());                           // its journal stays, which is a note
  world.disk.kill();
  const auto report = world.download(asking(true));
  REQUIRE(report.ok());
  CHECK(report->rehashed);
}

TEST_CASE("reading everything again ends when it is no longer wanted") {
  FakeFs disk;
  disk.put("data", pattern_bytes(1, kSize));
  auto directory = std::move(*disk.open_directory("."));
  auto file = std::move(*directory->open("data", OpenMode::existing));
  JournalIdentity identity;
  identity.lay_out(Layout(kSize, kSegment));
  auto journal = std::move(*engine::Journal::create(*directory, "j", {identity, {}}));
  std::stop_source stop;
  stop.request_stop();
  const auto damaged = engine::find_damaged(*file, *journal, stop.get_token());
  REQUIRE_FALSE(damaged.ok());
  CHECK(damaged.error().cause == Cause::cancelled);
  Metadata metadata;
  metadata.stream_length = kSize;
  CHECK_FALSE(engine::stream_intact(*file, metadata, stop.get_token()).ok());
}
