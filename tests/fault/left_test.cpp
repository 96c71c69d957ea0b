// What status() and errors report of files left by a death or by another program.
#include "engine/store/read_status.h"
#include "support/hints.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 4 * 16 * kKiB + 100;

// As a death between the rename and the removal of the journal leaves it.
void leave_published(World& world, bool stream) {
  world.serve().size(kSize);
  if (stream) world.script->no_ranges();
  world.disk.fail_kind("remove", 1, "Input/output error");
  REQUIRE(world.download().ok());
  world.disk.kill();
  REQUIRE(world.disk.names() == std::vector<std::string>{"f", "f.segdl"});
}

void leave_half(World& world) {
  world.serve().size(kSize).stall_at(2 * 16 * kKiB + 1000, 99);
  REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
  world.disk.kill();
}

// Whether the directory was synced after the one operation and before the other.
bool synced_between(const std::vector<std::string>& log, const std::string& before, const std::string& after) {
  const auto first = std::find(log.begin(), log.end(), before);
  const auto last = std::find(first, log.end(), after);
  REQUIRE(last != log.end());
  return std::find(first, last, "sync-directory") != last;
}

}  // namespace

TEST_CASE("the journal of an output is found where names are short, and beside a name that is nearly too long") {
  for (const std::size_t longest : {143U, 255U}) {
    for (const std::size_t size : {1U, 100U, 130U, 138U, 143U}) {
      CAPTURE(longest);
      CAPTURE(size);
      World world;
      FakeKind kind;
      kind.longest_name = longest;
      world.disk.set_kind(kind);
      Request request = World::request();
      request.output = std::string(size, 'n');
      world.serve().size(kSize).stall_at(kSize / 2, 99);
      REQUIRE_FALSE(world.download(request, with(1, 0)).ok());
      const auto names = world.disk.names();
      const auto path = engine::journal_path(world.disk, request.output);
      CHECK(std::find(names.begin(), names.end(), path.string()) != names.end());
    }
  }
}

TEST_CASE("somebody else's file under the name of what is set aside is left there, and the error has a way out") {
  World world;
  world.serve().size(kSize);
  world.disk.put("f.segdl.old", pattern_bytes(9, 5000));
  const auto report = world.download();
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::exists);
  CHECK(has_hint(report.error(), Hint::move_away));
  CHECK(world.disk.names() == std::vector<std::string>{"f.segdl.old"});
  world.disk.erase("f.segdl.old");
  CHECK(world.download().ok());
}

TEST_CASE("the marker of what is set aside is on disk before that moves, and until it has gone or is back") {
  World world;
  leave_half(world);
  world.serve().size(kSize).seed(2).etag("\"v2\"").stall_at(1000, 99);
  REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
  CHECK(synced_between(world.disk.log(), "rename f.segdl f.segdl.old", "exchange f.part f.part.old"));
  world.disk.kill();
  world.serve().size(kSize).seed(2).etag("\"v2\"");
  REQUIRE(world.download().ok());
  CHECK(synced_between(world.disk.log(), "rename f.part.old f.part", "rename f.segdl.old f.segdl"));
  CHECK(synced_between(world.disk.log(), "remove f.part.old", "remove f.segdl.old"));
}

TEST_CASE("a new version that the disk has no room for beside the old one says what to remove") {
  World world;
  leave_half(world);
  world.disk.set_capacity(130'000);  // old data and journal have 94,308 of it
  for (int again = 0; again < 2; ++again) {
    world.serve().size(kSize).seed(2).etag("\"v2\"");
    const auto report = world.download();
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::local);
    CHECK(describe(report.error().hints).find("f.part.old and f.segdl.old, which hold an older version") !=
          std::string::npos);
    world.disk.kill();
    CHECK(world.disk.names() == std::vector<std::string>{"f.part.old", "f.segdl.old"});
  }
  world.disk.erase("f.part.old");
  world.disk.erase("f.segdl.old");
  world.serve().size(kSize).seed(2).etag("\"v2\"");
  CHECK(world.download().ok());
  CHECK(world.has("f", 2, kSize));
}

TEST_CASE("who may replace the output may replace nothing else that is somebody's") {
  for (const std::string name : {"f.part", "f.segdl"}) {
    for (const std::uint64_t size : {kSize, std::uint64_t{5000}}) {
      for (const bool replaces : {false, true}) {
        for (const FileKind kind : {FileKind::regular, FileKind::symlink}) {
          CAPTURE(name);
          CAPTURE(size);
          World world;
          world.serve().size(size);
          world.disk.put(name, pattern_bytes(9, 10'000));
          if (kind == FileKind::symlink) world.disk.put_special(name, kind);
          if (replaces) world.disk.put("f", pattern_bytes(8, 10));
          const auto names = world.disk.names();
          Request request = World::request();
          request.existing = Existing::replace;
          const auto report = world.download(request);
          REQUIRE_FALSE(report.ok());
          CHECK(report.error().cause == Cause::exists);
          CHECK(world.script->log().empty());
          CHECK(world.disk.names() == names);
          if (kind == FileKind::symlink) continue;
          CHECK(has_hint(report.error(), Hint::move_away));
          CHECK(world.has(name, 9, 10'000));
        }
      }
    }
  }
}

TEST_CASE("a directory, a device, a FIFO or a socket is never replaced, a link is") {
  for (const std::string name : {"f", "f.part", "f.segdl"}) {
    for (const FileKind kind : {FileKind::directory, FileKind::other}) {
      for (const bool overwrite : {false, true}) {
        if (name == "f" && kind == FileKind::other) continue;  // it gets the bytes
        CAPTURE(name);
        CAPTURE(static_cast<int>(kind));
        CAPTURE(overwrite);
        World world;
        world.serve().size(kSize);
        world.disk.put_special(name, kind);
        Request request = World::request();
        request.existing = overwrite ? Existing::replace : Existing::refuse;
        const auto report = world.download(request);
        REQUIRE_FALSE(report.ok());
        CHECK(report.error().cause == Cause::exists);
        CHECK(world.disk.names() == std::vector<std::string>{name});
        CHECK(world.script->log().empty());
      }
    }
  }
  World world;
  world.serve().size(kSize);
  world.disk.put_special("f", FileKind::symlink);
  Request request = World::request();
  request.existing = Existing::replace;
  CHECK(world.download(request).ok());
  CHECK(world.has("f", 1, kSize));
}

TEST_CASE("published, somebody else's, yes: finished, and what is not the file's is left and told of") {
  for (const std::uint64_t size : {std::uint64_t{100}, kSize}) {
    World world;
    leave_published(world, false);
    world.disk.put("f.part", pattern_bytes(9, size));
    const auto report = world.download();
    REQUIRE(report.ok());
    CHECK(world.has("f", 1, kSize));
    CHECK(world.disk.names() == std::vector<std::string>{"f", "f.part"});
    CHECK(world.disk.get("f.part") == pattern_bytes(9, size));
    REQUIRE(report->notes.size() >= 1);
    const auto tells = [](const std::string& note) { return note.find("f.part is none of") != std::string::npos; };
    CHECK(std::any_of(report->notes.begin(), report->notes.end(), tells));
  }
}

TEST_CASE("published, empty, yes: finished, and nothing stays") {
  World world;
  leave_published(world, false);
  world.disk.put("f.part", {});
  REQUIRE(world.download().ok());
  CHECK(world.disk.names() == std::vector<std::string>{"f"});
}

TEST_CASE("of a write that fails before all of a small file is there nothing stays") {
  for (const bool replaces : {false, true}) {
    World world;
    world.serve().size(1000);
    if (replaces) world.disk.put("f", pattern_bytes(9, 10));
    world.disk.fail_kind("write", 1, "No space left on device", true);  // after its first half
    Request request = World::request();
    request.existing = replaces ? Existing::replace : Existing::refuse;
    const auto report = world.download(request);
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::local);
    CHECK(world.disk.names() == (replaces ? std::vector<std::string>{"f"} : std::vector<std::string>{}));
  }
}

TEST_CASE("an output that is a pipe or a device gets the bytes in order, and nothing is beside it") {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1000}, kSize}) {
    for (const bool overwrite : {false, true}) {
      for (const bool ranges : {false, true}) {
        World world;
        world.serve().size(size);
        if (!ranges) world.script->no_ranges();
        world.disk.put_special("f", FileKind::other);
        Request request = World::request();
        request.existing = overwrite ? Existing::replace : Existing::refuse;
        const auto report = world.download(request);
        REQUIRE_MESSAGE(report.ok(), report.error().message());
        CHECK(report->output == "f");
        CHECK(world.has("f", 1, size));
        CHECK(world.disk.names() == std::vector<std::string>{"f"});
      }
    }
  }
}

TEST_CASE("what replaces a file has its mode and its owner, and another group no more than others") {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1000}, kSize}) {
    for (const bool owns : {true, false}) {
      World world;
      FakeKind kind = kExt4;
      kind.owns = owns;
      world.disk.set_kind(kind);
      world.serve().size(size);
      world.disk.put("f", pattern_bytes(9, 500));
      world.disk.set_access("f", 04664, 7, 8);
      Request request = World::request();
      request.existing = Existing::replace;
      const auto report = world.download(request);
      REQUIRE_MESSAGE(report.ok(), report.error().message());
      CHECK(world.has("f", 1, size));
      CHECK(world.disk.mode("f") == (owns ? 0664U : 0644U));
      CHECK((world.disk.owner("f") == std::pair(7U, 8U)) == owns);
      CHECK(report->notes.empty() == owns);
    }
  }
}

TEST_CASE("what replaces a file that another user may have planted is this user's, with the mode of a new file") {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1000}, kSize}) {
    for (const Existing existing : {Existing::replace, Existing::update}) {
      CAPTURE(size);
      World world;
      world.serve().size(size);
      world.disk.put("f", pattern_bytes(9, 500));
      world.disk.set_access("f", 0666, 7, 8);
      world.disk.plant("f");
      Request request = World::request();
      request.existing = existing;
      const auto report = world.download(request);
      REQUIRE_MESSAGE(report.ok(), report.error().message());
      CHECK(world.has("f", 1, size));
      CHECK(world.disk.mode("f") == 0644U);
      CHECK(world.disk.owner("f") == std::pair(1000U, 1000U));
      const auto told = std::count_if(report->notes.begin(), report->notes.end(), [](const std::string& note) {
        return note.find("its owner and mode are those of a new file") != std::string::npos;
      });
      CHECK(told == 1);
    }
  }
}

TEST_CASE("a pipe that only the URL or the server names gets nothing, and stays") {
  World world;
  world.serve().size(kSize);
  world.disk.put_special("f", FileKind::other);
  Request request = World::request();
  request.output.clear();  // http://origin.test/f
  request.existing = Existing::replace;
  const auto report = world.download(request);
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::exists);
  CHECK(world.disk.get("f")->empty());
}

TEST_CASE("a pipe whose reader goes away ends the download, and what it got is not given twice") {
  World world;
  world.serve().size(kSize);
  world.disk.put_special("f", FileKind::other);
  world.disk.fail_kind("put", 2, "Broken pipe");
  const auto report = world.download();
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::local);
  CHECK(report.error().remedy == Remedy::stop);
  CHECK_FALSE(report.error().resumable);
  CHECK(world.disk.names() == std::vector<std::string>{"f"});
}

TEST_CASE("the status of a published file whose journal is left is complete, of any other file interrupted") {
  for (const bool stream : {false, true}) {
    CAPTURE(stream);
    World world;
    leave_published(world, stream);
    const auto left = engine::read_status(world.disk, "f");
    REQUIRE(left.ok());
    CHECK(left->state == DownloadStatus::State::complete);
    CHECK(left->journal_left);
    CHECK(left->total == kSize);
    CHECK(world.disk.names() == std::vector<std::string>{"f", "f.segdl"});
    world.disk.flip("f", 50'000);
    const auto other = engine::read_status(world.disk, "f");
    REQUIRE(other.ok());
    CHECK(other->state == DownloadStatus::State::interrupted);
    CHECK_FALSE(other->journal_left);
  }
}

TEST_CASE(
    "the status of a published file that is not tidied up yet is complete after the next run, without a journal") {
  World world;
  leave_published(world, false);
  REQUIRE(world.download().ok());
  const auto status = engine::read_status(world.disk, "f");
  REQUIRE(status.ok());
  CHECK(status->state == DownloadStatus::State::complete);
  CHECK_FALSE(status->journal_left);
}

TEST_CASE(
    "what has another name in all but case is not continued where case does not count: a lock may not hold there") {
  World world;
  FakeKind kind = kVfat;
  kind.case_counts = false;
  world.disk.set_kind(kind);
  leave_half(world);
  const auto before = world.disk.get("f.part");
  for (const Existing existing : {Existing::refuse, Existing::replace, Existing::update}) {
    Request request = World::request();
    request.output = "F";
    request.existing = existing;
    const auto report = world.download(request);
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::exists);
    CHECK(report.error().message().find("the file is f.part") != std::string::npos);
    CHECK(world.disk.get("f.part") == before);
  }
  world.serve().size(kSize);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(report->reused > 0);
  CHECK(world.disk.names() == std::vector<std::string>{"f"});
  CHECK(world.disk.has_pattern("f", 1, kSize));
}

TEST_CASE("where a file has another number each time, files arrive, continue and are replaced, and nothing is left") {
  for (FakeKind kind : kFakeKinds) {
    kind.steady = false;
    for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1000}, kSize}) {
      CAPTURE(kind.name);
      CAPTURE(size);
      World world;
      world.disk.set_kind(kind);
      world.serve().size(size).stall_at(size / 2, 99);
      if (size == kSize) REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
      world.disk.kill();
      world.serve().size(size);
      auto report = world.download();
      REQUIRE_MESSAGE(report.ok(), report.error().message());
      CHECK((report->reused > 0) == (size == kSize));
      CHECK(world.disk.names() == std::vector<std::string>{"f"});
      CHECK(world.has("f", 1, size));
      world.serve().size(size).seed(2).etag("\"v2\"");
      Request request = World::request();
      request.existing = Existing::replace;
      report = world.download(request);
      REQUIRE_MESSAGE(report.ok(), report.error().message());
      CHECK(world.disk.names() == std::vector<std::string>{"f"});
      CHECK(world.has("f", 2, size));
    }
  }
}

TEST_CASE("where a file has another number each time a new version replaces the old one") {
  World world;
  FakeKind kind = kExt4;
  kind.steady = false;
  world.disk.set_kind(kind);
  leave_half(world);
  world.serve().size(kSize).seed(2).etag("\"v2\"").stall_at(1000, 99);
  REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
  world.disk.kill();
  world.serve().size(kSize).seed(2).etag("\"v2\"");
  REQUIRE(world.download().ok());
  CHECK(world.disk.names() == std::vector<std::string>{"f"});
  CHECK(world.has("f", 2, kSize));
}
