// What becomes of a file that has the output's name already.
#include "core/base/xxh3.h"
#include "core/store/layout.h"

#include "engine/store/names.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 300 * 1024;

constexpr std::uint64_t kLittle = 5000;  // of one segment

// The name that such content has for a moment, before it replaces another.
std::string called_after(const std::vector<std::byte>& content) {
  return fmt::format("f.segdl-{:016x}", digest_of(content));
}

Request skipping() {
  Request request = World::request();
  request.existing = Existing::skip;
  return request;
}

}  // namespace

TEST_CASE("skip: a file that is there is done, whatever is in it, and nothing is asked") {
  World world;
  world.script->size(kSize).seed(1);
  world.disk.put(kName, pattern_bytes(9, 500));
  const auto report = world.download(skipping());
  REQUIRE(report.ok());
  CHECK(report->skipped);
  CHECK(report->output == kName);
  CHECK(world.script->log().empty());
  CHECK(world.has(kName, 9, 500));
}

TEST_CASE("skip: what is absent is fetched, and what is begun is continued") {
  World world;
  world.script->size(kSize).seed(1);
  world.script->stall_at(kSize / 2, 99);
  REQUIRE_FALSE(world.download(skipping(), with(1, 0)).ok());
  world.disk.kill();
  world.serve().size(kSize).seed(1);
  const auto report = world.download(skipping());
  REQUIRE(report.ok());
  CHECK_FALSE(report->skipped);
  CHECK(world.has(kName, 1, kSize));
}

TEST_CASE("skip: what is no regular file is in the way, and stays") {
  for (const FileKind kind : {FileKind::directory, FileKind::symlink}) {
    World world;
    world.script->size(kSize).seed(1);
    world.disk.put_special(kName, kind);
    const auto report = world.download(skipping());
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::exists);
  }
}

TEST_CASE("what a death has left of a small file that was to replace another goes, and nothing else of such a name") {
  for (const Existing existing : {Existing::refuse, Existing::replace, Existing::update}) {
    const bool replaces = existing != Existing::refuse;
    World world;
    world.serve().size(kLittle).seed(1);
    world.disk.put(kName, pattern_bytes(9, 100));
    world.disk.put("f.part", {});
    world.disk.put(called_after(pattern_bytes(1, kLittle)), pattern_bytes(1, kLittle));
    world.disk.put(called_after(pattern_bytes(2, 10)), pattern_bytes(3, 10));
    Request request = World::request();
    request.existing = existing;
    CHECK(world.download(request).ok() == replaces);
    CHECK(world.has(kName, replaces ? 1 : 9, replaces ? kLittle : 100));
    CHECK(world.disk.names() == std::vector<std::string>{kName, called_after(pattern_bytes(2, 10))});
    CHECK(world.has(called_after(pattern_bytes(2, 10)), 3, 10));
  }
}

TEST_CASE("what has the name that a small file has for a moment keeps no file from being replaced") {
  const std::string taken = called_after(pattern_bytes(1, kLittle));
  struct Case {
    std::uint64_t seed, size;
    bool planted, fails;
    bool stays;
  };
  for (const Case& c :
       {Case{1, kLittle, false, false, false}, Case{1, kLittle, false, true, true}, Case{1, kLittle, true, false, true},
        Case{3, 10, false, false, true}, Case{3, 0, false, false, true}}) {
    World world;
    world.serve().size(kLittle).seed(1);
    world.disk.put(kName, pattern_bytes(9, 100));
    world.disk.put(taken, pattern_bytes(c.seed, c.size));
    if (c.planted) world.disk.plant(taken);
    if (c.fails) world.disk.fail_kind("remove", 1, "Operation not permitted");
    Request request = World::request();
    request.existing = Existing::replace;
    REQUIRE(world.download(request).ok());
    CHECK(world.has(kName, 1, kLittle));
    CHECK(world.disk.names() == (c.stays ? std::vector<std::string>{kName, taken} : std::vector<std::string>{kName}));
    CHECK((!c.stays || world.has(taken, c.seed, c.size)));
  }
}

TEST_CASE("a small file that needs a copy has its time, its receipt, its mode and its owner") {
  for (const bool copied : {false, true}) {
    World world;
    world.serve().size(kLittle).seed(1);
    world.disk.put(kName, pattern_bytes(9, 100));
    world.disk.set_access(kName, 0440, 7, 8);
    if (copied) world.disk.put(called_after(pattern_bytes(1, kLittle)), {});
    Request request = World::request();
    request.existing = Existing::replace;
    const auto report = world.download(request);
    REQUIRE(report.ok());
    CHECK(report->notes.empty());
    CHECK(world.disk.mode(kName) == 0440U);
    CHECK(world.disk.owner(kName) == std::pair(7U, 8U));
    world.serve().size(kLittle).seed(1);
    request.existing = Existing::update;
    const auto again = world.download(request);
    REQUIRE(again.ok());
    CHECK(again->unchanged);
  }
}

TEST_CASE("what is longer than any small file is not read to see whether it is one") {
  World world;
  world.serve().size(kLittle).seed(1);
  world.disk.put(kName, pattern_bytes(9, 100));
  world.disk.put("f.part", {});
  const auto long_one = pattern_bytes(2, kMaxSegmentSize + 1);
  world.disk.put(called_after(long_one), long_one);
  CHECK_FALSE(world.download(World::request()).ok());
  CHECK(world.disk.get(called_after(long_one)) == long_one);
}

TEST_CASE("a directory is listed for what a death has left only where it may have left it") {
  World world;
  world.serve().size(kLittle).seed(1);
  world.disk.put("f.part", {});
  REQUIRE(world.download().ok());
  const auto log = world.disk.log();
  CHECK(std::count(log.begin(), log.end(), "list") == 0);
}

TEST_CASE("a name from the server is none that a later run takes for segdl's") {
  for (const std::string name : {"f.part", "f.segdl", "f.segdl.new", "f.part.out", "f.PART.old", "f.segdl.old",
                                 "f.segdl-24ffc1c7d8b115eb", "f.Segdl-24FFC1C7d8b115eb"}) {
    CHECK(engine::name_from_server(name) == name + '_');
  }
  for (const std::string name :
       {"f.segdl-24ffc1c7d8b115e", "f.segdl-24ffc1c7d8b115eg", "f.segdl_24ffc1c7d8b115eb", "f"})
    CHECK(engine::name_from_server(name) == name);
  CHECK(engine::name_from_server(std::string(232, 'x') + ".segdl-24ffc1c7d8b115eb") ==
        std::string(232, 'x') + ".segdl-24ffc1c7d8b115e_");
}

TEST_CASE("a small file has its link count on disk before it replaces another") {
  World world;
  world.disk.set_kind(kExt2);
  world.serve().size(kLittle).seed(1);
  world.disk.put(kName, pattern_bytes(9, 100));
  Request request = World::request();
  request.existing = Existing::replace;
  REQUIRE(world.download(request).ok());
  const std::string name = called_after(pattern_bytes(1, kLittle));
  const auto log = world.disk.log();
  const auto given = std::find(log.begin(), log.end(), "give-name " + name);
  const auto synced = std::find(given, log.end(), "sync-name " + name);
  CHECK(std::find(synced, log.end(), "rename " + name + " f") != log.end());
}

TEST_CASE("what can never be replaced is told before anything is asked for") {
  for (const Existing existing : {Existing::replace, Existing::update}) {
    World world;
    world.serve().size(kSize).seed(1);
    world.disk.put(kName, pattern_bytes(9, 500));
    world.disk.fix(kName);
    Request request = World::request();
    request.existing = existing;
    const auto report = world.download(request);
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::local);
    CHECK(report.error().subject == kName);
    CHECK((existing == Existing::update || world.script->log().empty()));  // an update asks whether it has to be
    CHECK(world.has(kName, 9, 500));
    CHECK(world.disk.names() == std::vector<std::string>{kName});
  }
}

TEST_CASE("what can never be replaced is told before anything is asked for, whatever a run has left") {
  World world;
  world.script->size(kSize).seed(1);
  world.script->stall_at(kSize / 2, 99);
  REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
  world.disk.kill();
  world.disk.put(kName, pattern_bytes(9, 500));
  world.disk.fix(kName);
  const auto names = world.disk.names();
  world.serve().size(kSize).seed(1);
  Request request = World::request();
  request.existing = Existing::replace;
  const auto report = world.download(request);
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::local);
  CHECK(world.script->log().empty());
  CHECK(world.disk.names() == names);
}

TEST_CASE("what stays is there already, whether it could be replaced or not") {
  for (const bool begun : {false, true}) {
    for (const Existing existing : {Existing::refuse, Existing::skip}) {
      World world;
      world.serve().size(kSize).seed(1);
      world.disk.put(kName, pattern_bytes(9, 500));
      if (begun) world.disk.put("f.part", {});
      world.disk.fix(kName);
      Request request = World::request();
      request.existing = existing;
      const auto report = world.download(request);
      CHECK(report.ok() == (existing == Existing::skip));
      CHECK((report.ok() ? report->skipped : report.error().cause == Cause::exists));
      CHECK(world.script->log().empty());
      CHECK(world.has(kName, 9, 500));
    }
  }
}

TEST_CASE("where the rename fails in the end all stays, and the same request publishes it") {
  World world;
  world.serve().size(kSize).seed(1);
  world.disk.fail_kind("rename", 2, "Operation not permitted");  // after the journal's
  const auto report = world.download();
  REQUIRE_FALSE(report.ok());
  CHECK(describe(report.error().hints).find("all of it is in f.part") != std::string::npos);
  world.serve().size(kSize).seed(1);
  const auto again = world.download();
  REQUIRE(again.ok());
  CHECK(again->fetched == 0);
  CHECK(world.has(kName, 1, kSize));
}
