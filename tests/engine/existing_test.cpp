// What becomes of a file that has the output's name already.
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 300 * 1024;

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

TEST_CASE("a small file that another program has cut or made longer replaces nothing") {
  constexpr std::uint64_t kLittle = 5000;
  for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{10}, kLittle + 1}) {
    CAPTURE(length);
    World world;
    world.serve().size(kLittle).seed(1);
    world.disk.put(kName, pattern_bytes(9, 100));
    world.disk.meddle("f.part", 1, [&](FakeInode& inode) { inode.set_length(length); });
    Request request = World::request();
    request.existing = Existing::replace;
    const auto report = world.download(request);
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::local);
    CHECK(report.error().reason.find("f.part") != std::string::npos);
    CHECK(world.has(kName, 9, 100));
    world.serve().size(kLittle).seed(1);
    REQUIRE(world.download(request).ok());
    CHECK(world.has(kName, 1, kLittle));
  }
}
