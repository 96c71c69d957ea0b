// Which files are adopted, which are refused, and where nothing of them can be taken.
#include "engine/task/adopt_scene.h"
#include "support/hints.h"

#include <algorithm>
#include <functional>
#include <string>

using namespace segdl;
using namespace segdl::test;

TEST_CASE("the output itself is replaced, and is done if it is what the checksum says") {
  for (const std::uint64_t size : {kLeft, kSize}) {
    World world;
    world.disk.put("f", pattern_bytes(1, size));
    serve(world, Naming::strong);
    const auto report = world.download(adopting("f"));
    REQUIRE(report.ok());
    CHECK(report->unchanged == (size == kSize));
    if (!report->unchanged) CHECK(report->reused == kWhole);
    CHECK(world.has("f", 1, kSize));
    CHECK(world.disk.names() == std::vector<std::string>{"f"});
  }
}

TEST_CASE("the output stays while what it was to give is not what the checksum says") {
  World world;
  world.disk.put("f", pattern_bytes(1, kLeft));
  serve(world, Naming::strong);
  CHECK_FALSE(world.download(adopting("f", 3)).ok());
  CHECK(world.has("f", 1, kLeft));
}

TEST_CASE("the output can't be adopted and skipped for being there") {
  World world;
  world.disk.put("f", pattern_bytes(1, kLeft));
  serve(world, Naming::strong);
  Request request = adopting("f");
  request.existing = Existing::skip;
  const auto report = world.download(request);
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::usage);
  CHECK(has_hint(report.error(), Hint::do_not_skip_existing));
  CHECK(world.has("f", 1, kLeft));
  CHECK(world.script->log().empty());
}

TEST_CASE("an output that is not the file that is adopted is not replaced") {
  World world;
  leave(world);
  world.disk.put("f", pattern_bytes(4, 100));
  serve(world, Naming::strong);
  const auto report = world.download(adopting());
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::exists);
  CHECK(world.has("f", 4, 100));
}

TEST_CASE("what is no file of another tool is refused, with a way out") {
  const auto refuse = [](const std::function<void(World&)>& put, const std::string& words,
                         const std::string& file = kFile) {
    CAPTURE(words);
    World world;
    put(world);
    const auto before = world.disk.names();
    serve(world, Naming::strong);
    Request request = adopting(file);
    request.existing = Existing::replace;
    const auto report = world.download(request);
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::usage);
    CHECK(report.error().operation == "adopt");
    CHECK(report.error().reason.find(words) != std::string::npos);
    CHECK_FALSE(report.error().hints.empty());
    CHECK(world.script->log().empty());
    CHECK(world.disk.names() == before);
  };
  refuse([](World&) {}, "No such file");
  refuse([](World& world) { world.disk.put(kFile, {}); }, "empty");
  refuse([](World&) {}, "directory", "there/");
  for (const FileKind kind : {FileKind::directory, FileKind::symlink, FileKind::other}) {
    refuse([kind](World& world) { world.disk.put_special(kFile, kind); }, "");
  }
  refuse([](World& world) { world.disk.put("f.part", pattern_bytes(1, kLeft)); }, "itself writes", "f.part");
  for (const char* own : {"f.part", "f.segdl"}) {
    refuse([](World& world) { interrupt(world, Naming::strong, World::request(), 1); }, "itself writes", own);
  }
  refuse([](World& world) { leave(world), world.disk.link(kFile, "f.part"); }, "itself writes");
}

TEST_CASE("where nothing can be taken all is fetched, and it is told why") {
  const auto fetched_whole = [](const std::function<void(World&)>& set_up, const std::string& words) {
    CAPTURE(words);
    World world;
    leave(world);
    serve(world, Naming::strong);
    set_up(world);
    const auto report = world.download(adopting());
    REQUIRE(report.ok());
    CHECK(report->reused == 0);
    CHECK(noted(*report, words));
    CHECK(world.has("f", 1, kSize));
  };
  fetched_whole([](World& world) { world.script->no_ranges(); }, "does not serve ranges");
  fetched_whole([](World& world) { leave(world, 1000); }, "not even one segment");
  fetched_whole(
      [](World& world) {
        world.script->on_every([](Answer& answer, const Asking&) { answer.set("Content-Encoding", "br"); });
      },
      "coded");
}

TEST_CASE("what can't be read of the file is fetched, and noted once") {
  World world;
  leave(world);
  world.disk.make_unreadable(kFile, {kUnit, kUnit + 2 * kSegment});
  serve(world, Naming::strong);
  const auto report = world.download(adopting());
  REQUIRE(report.ok());
  CHECK(report->reused == kWhole - 2 * kSegment);
  const auto is_of_reading = [](const std::string& note) { return note.find("can't be read") != std::string::npos; };
  CHECK(std::count_if(report->notes.begin(), report->notes.end(), is_of_reading) == 1);
  CHECK(noted(*report, "32768 bytes are fetched"));
  CHECK(world.has("f", 1, kSize));
}

TEST_CASE("the time limit of a download holds for copying too, and the same request goes on") {
  World world;
  leave(world);
  serve(world, Naming::strong);
  world.disk.meddle("f.part", 2, [&world](FakeInode&) { world.clock.advance(std::chrono::hours(2)); });
  SessionOptions options;
  options.max_time = std::chrono::hours(1);
  const auto ended = world.download(adopting(), options);
  REQUIRE_FALSE(ended.ok());
  CHECK(ended.error().cause == Cause::network);
  CHECK(ended.error().operation == "adopt");
  CHECK(ended.error().out_of_time);
  CHECK(ended.error().resumable);
  CHECK(world.script->log().size() == 1);
  world.disk.kill();
  serve(world, Naming::strong);
  const auto report = world.download(adopting(), options);
  REQUIRE(report.ok());
  CHECK(report->reused == kWhole);
  CHECK(world.has("f", 1, kSize));
}

TEST_CASE("a full disk ends it, and the same request goes on once there is room") {
  World world;
  leave(world);
  world.disk.set_kind(kNfs);  // which can't reserve
  world.disk.set_capacity(kLeft + kUnit);
  serve(world, Naming::strong);
  const auto failed = world.download(adopting());
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().cause == Cause::local);
  world.disk.kill();
  world.disk.set_capacity(100 * kUnit);
  serve(world, Naming::strong);
  const auto report = world.download(adopting());
  REQUIRE(report.ok());
  CHECK(report->reused == kWhole);
  CHECK(world.has("f", 1, kSize));
}
