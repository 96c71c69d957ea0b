// The recovery table of doc/recovery.md, a test for each row.
#include "support/hints.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 4 * 16 * kKiB + 100;
const std::vector<std::string> kJustOutput{"f"};

void leave_half(World& world) {
  world.serve().size(kSize).stall_at(2 * 16 * kKiB + 1000, 99);
  SessionOptions once;
  once.retries = 0;
  REQUIRE_FALSE(world.download(World::request(), once).ok());
  world.disk.kill();
  world.serve().size(kSize);
}

// As a death between the rename and the removal of the journal leaves it, and an unwritten removal brings it back.
void leave_published(World& world, const std::string& url = World::request().url) {
  world.serve().size(kSize);
  world.disk.fail_kind("remove", 1, "Input/output error");
  Request request = World::request();
  request.url = url;
  const auto report = world.download(request);
  REQUIRE(report.ok());
  REQUIRE(report->notes.size() == 1);
  CHECK(report->notes[0].find("f.segdl: Input/output error") != std::string::npos);
  world.disk.kill();
  REQUIRE(world.disk.names() == std::vector<std::string>{"f", "f.segdl"});
  world.serve().size(kSize);
}

Request overwriting() {
  Request request = World::request();
  request.existing = Existing::replace;
  return request;
}

void check_untouched(World& world, const std::string& name, const std::vector<std::byte>& bytes) {
  const auto report = world.download();
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::exists);
  CHECK(has_hint(report.error(), Hint::skip_existing) == (name == "f"));
  CHECK(has_hint(report.error(), Hint::adopt_existing) == !world.disk.get("f.segdl").has_value());
  CHECK(world.disk.get(name) == bytes);
  CHECK(world.script->log().empty());
}

}  // namespace

TEST_CASE("-, empty, -: died before the journal was there; ours") {
  World world;
  world.serve().size(kSize);
  world.disk.put("f.part", {});
  REQUIRE(world.download().ok());
  CHECK(world.has("f", 1, kSize));
}

TEST_CASE("-, not empty, -: foreign, untouched") {
  World world;
  world.serve().size(kSize);
  const auto foreign = pattern_bytes(9, 100);
  world.disk.put("f.part", foreign);
  check_untouched(world, "f.part", foreign);
}

TEST_CASE("-, yes, valid: interrupted; resumed") {
  World world;
  leave_half(world);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(report->reused == 2 * 16 * kKiB);
}

TEST_CASE("-, yes, damaged: starts over and says so") {
  World world;
  leave_half(world);
  auto journal = *world.disk.get("f.segdl");
  for (const std::size_t at : {std::size_t{100}, journal.size() - 4000}) journal[at] ^= std::byte{1};
  world.disk.put("f.segdl", journal);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(report->reused == 0);
  REQUIRE(report->notes.size() == 1);
  CHECK(report->notes[0].find("damaged") != std::string::npos);
  CHECK(world.disk.names() == kJustOutput);
}

TEST_CASE("-, yes, one torn identity block: the other one serves") {
  World world;
  leave_half(world);
  world.disk.flip("f.segdl", 100);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(report->reused == 2 * 16 * kKiB);
}

TEST_CASE("-, yes, somebody else's file under the journal's name: untouched") {
  World world;
  world.serve().size(kSize);
  const auto foreign = pattern_bytes(9, 10'000);
  world.disk.put("f.segdl", foreign);
  check_untouched(world, "f.segdl", foreign);
  CHECK(world.disk.names() == std::vector<std::string>{"f.segdl"});
}

TEST_CASE("-, -, yes: the data was deleted; starts over") {
  World world;
  leave_half(world);
  world.disk.erase("f.part");
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(report->reused == 0);
  CHECK(world.has("f", 1, kSize));
}

TEST_CASE("published, -, yes: finished without a request") {
  World world;
  leave_published(world);
  const auto report = world.download();
  REQUIRE(report.ok());
  CHECK(world.script->log().empty());
  CHECK(world.disk.names() == kJustOutput);
}

TEST_CASE("other file, -, yes: foreign, untouched") {
  World world;
  leave_published(world);
  SUBCASE("with one byte that is another") { world.disk.flip("f", 50'000); }
  SUBCASE("longer") {
    auto longer = *world.disk.get("f");
    longer.push_back(std::byte{0});
    world.disk.put("f", longer);
  }
  SUBCASE("shorter") { world.disk.put("f", pattern_bytes(1, kSize - 1)); }
  check_untouched(world, "f", *world.disk.get("f"));
  CHECK(world.disk.get("f.segdl").has_value());
  const auto refused = world.download();
  REQUIRE_FALSE(refused.ok());
  CHECK(describe(refused.error().hints).find("f.segdl") != std::string::npos);
  const auto replaced = world.download(overwriting());
  REQUIRE(replaced.ok());
  CHECK(world.has("f", 1, kSize));
  CHECK(world.disk.names() == kJustOutput);
}

TEST_CASE("the published bytes as another file: recognised by what they are, since inode and device numbers change") {
  World world;
  leave_published(world);
  world.disk.put("f", pattern_bytes(1, kSize));
  REQUIRE(world.download().ok());
  CHECK(world.script->log().empty());
  CHECK(world.disk.names() == kJustOutput);
}

TEST_CASE("published, yes, yes: a link that a death left is finished, and its second name removed") {
  World world;
  leave_published(world);
  world.disk.link("f", "f.part");
  Request request = World::request();
  SUBCASE("as the same file") {}
  SUBCASE("as a copy, where the file system has no inode numbers of its own") {
    world.disk.put("f.part", pattern_bytes(1, kSize));
  }
  SUBCASE("with overwrite") { request = overwriting(); }
  const auto report = world.download(request);
  REQUIRE(report.ok());
  CHECK(report->fetched == 0);
  CHECK(world.has("f", 1, kSize));
  CHECK(world.disk.names() == kJustOutput);
}

TEST_CASE("with overwrite a published file is kept only if it is what the server has") {
  World world;
  leave_published(world);
  SUBCASE("the same version") {
    REQUIRE(world.download(overwriting()).ok());
    CHECK(world.script->log().size() == 1);
    CHECK(world.has("f", 1, kSize));
  }
  SUBCASE("another version") {
    world.serve().size(kSize).seed(2).etag("\"v2\"");
    REQUIRE(world.download(overwriting()).ok());
    CHECK(world.has("f", 2, kSize));
  }
  CHECK(world.disk.names() == kJustOutput);
}

TEST_CASE("a published file is not taken for that of another URL, nor of one that the journal has lost") {
  World world;
  leave_published(world);
  Request request = World::request();
  SUBCASE("another path") { request.url = "http://origin.test/other/f"; }
  SUBCASE("without resuming, and read again") {
    request.url = "http://origin.test/other/f";
    request.resume = false;
    request.verify = true;
  }
  SUBCASE("torn facts") { world.disk.flip("f.segdl", 4096 + 60); }
  const auto refused = world.download(request);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().cause == Cause::exists);
  CHECK(has_hint(refused.error(), Hint::skip_existing));
  CHECK_FALSE(has_hint(refused.error(), Hint::adopt_existing));
  CHECK(world.script->log().empty());
  CHECK(world.has("f", 1, kSize));
  CHECK(world.disk.names() == kJustOutput);
}

TEST_CASE("a published file of another URL is replaced on request, even by one of its length and validator") {
  World world;
  leave_published(world);
  world.serve().size(kSize).seed(2);
  Request request = overwriting();
  request.url = "http://origin.test/other/f";
  REQUIRE(world.download(request).ok());
  CHECK(world.has("f", 2, kSize));
  CHECK(world.disk.names() == kJustOutput);
}

TEST_CASE("what can't be replaced because its journal stays is not reported as done") {
  World world;
  leave_published(world);
  world.disk.fail_kind("remove", 1, "Input/output error", true);
  Request request = overwriting();
  request.url = "http://origin.test/other/f";
  const auto report = world.download(request);
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::local);
  CHECK_FALSE(report.error().hints.empty());
  CHECK(world.has("f", 1, kSize));
}

TEST_CASE("a published file whose URL differs in its secrets alone is done if the server says that it is the same") {
  World world;
  leave_published(world, "http://origin.test/f?token=old");
  Request request = World::request();
  request.url = "http://origin.test/f?token=new";
  SUBCASE("the same version") {
    const auto report = world.download(request);
    REQUIRE(report.ok());
    CHECK(report->reused == kSize);
    CHECK(world.script->log().size() == 1);
  }
  SUBCASE("another version") {
    world.serve().size(kSize).seed(2).etag("\"v2\"");
    const auto report = world.download(request);
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::exists);
  }
  CHECK(world.has("f", 1, kSize));
  CHECK(world.disk.names() == kJustOutput);
}

TEST_CASE("a published file that another process still holds is busy") {
  World world;
  leave_published(world);
  auto directory = world.disk.open_directory(".");
  auto other = (*directory)->open("f", OpenMode::existing);
  REQUIRE(*(*other)->try_lock());
  const auto report = world.download();
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::busy);
  CHECK(world.disk.get("f.segdl").has_value());
}

TEST_CASE("the beginning of a journal that a dead run left is removed, somebody else's file of that name is not") {
  World world;
  std::uint64_t size = kSize;
  SUBCASE("beside a large file") {}
  SUBCASE("beside a small one") { size = 1000; }
  world.serve().size(size);
  SUBCASE("empty") { world.disk.put("f.segdl.new", {}); }
  SUBCASE("zeros") { world.disk.put("f.segdl.new", std::vector<std::byte>(5000)); }
  SUBCASE("not ours") {
    world.disk.put("f.segdl.new", pattern_bytes(9, 5000));
    const auto report = world.download();
    CHECK(report.ok() == (size == 1000));
    if (!report.ok()) CHECK(has_hint(report.error(), Hint::move_away));
    CHECK(world.disk.get("f.segdl.new") == pattern_bytes(9, 5000));
    world.disk.erase("f.segdl.new");
    if (!report.ok()) world.disk.kill();
  }
  const auto report = world.download();
  CHECK((report.ok() || report.error().cause == Cause::exists));
  CHECK(world.has("f", 1, size));
  CHECK(world.disk.names() == kJustOutput);
}

TEST_CASE("what is in the way of setting aside is never taken for the old data") {
  World world;
  leave_half(world);
  world.disk.put("f.part.old", pattern_bytes(9, 5000));
  world.serve().size(kSize).seed(2).etag("\"v2\"");
  const auto report = world.download();
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::exists);
  CHECK(world.disk.get("f.part.old") == pattern_bytes(9, 5000));
  world.disk.erase("f.part.old");
  world.serve().size(kSize);
  const auto resumed = world.download();
  REQUIRE(resumed.ok());
  CHECK(resumed->reused == 2 * 16 * kKiB);
}

TEST_CASE("yes, yes, yes: refused without overwrite, resumed with it") {
  World world;
  leave_half(world);
  world.disk.put("f", pattern_bytes(9, 10));
  const auto refused = world.download();
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().cause == Cause::exists);
  CHECK_FALSE(has_hint(refused.error(), Hint::adopt_existing));
  const auto report = world.download(overwriting());
  REQUIRE(report.ok());
  CHECK(report->reused == 2 * 16 * kKiB);
  CHECK(world.has("f", 1, kSize));
}

TEST_CASE("yes, -, -: exists, untouched; replaced on request") {
  World world;
  world.serve().size(kSize);
  world.disk.put("f", pattern_bytes(9, 10));
  check_untouched(world, "f", pattern_bytes(9, 10));
  CHECK(world.disk.names() == kJustOutput);
  REQUIRE(world.download(overwriting()).ok());
  CHECK(world.has("f", 1, kSize));
}

TEST_CASE("an output that appears during the download is not replaced") {
  World world;
  world.serve().size(kSize).on_every([&world](Answer&, const Asking&) { world.disk.put("f", pattern_bytes(9, 10)); });
  const auto report = world.download();
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::exists);
  CHECK(world.has("f", 9, 10));
}

TEST_CASE("starting over by option sets the old work aside first") {
  World world;
  leave_half(world);
  Request request = World::request();
  request.resume = false;
  const auto report = world.download(request);
  REQUIRE(report.ok());
  CHECK(report->reused == 0);
  CHECK(report->fetched == kSize);
  CHECK(world.disk.names() == kJustOutput);
}

TEST_CASE("another URL continues only under the same strong validator and the same bytes") {
  World world;
  leave_half(world);
  Request request = World::request();
  request.url = "http://mirror.test/elsewhere";
  SUBCASE("the same") {
    const auto report = world.download(request);
    REQUIRE(report.ok());
    CHECK(report->reused == 2 * 16 * kKiB);
    CHECK(report->wasted == 2 * 16 * kKiB);  // two samples, since two segments were claimed
  }
  SUBCASE("the same validator over other bytes") {
    world.serve().size(kSize).seed(2);
    auto part = *world.disk.get("f.part");
    part.pop_back();  // nor is it given its length again
    world.disk.put("f.part", part);
    const auto report = world.download(request);
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::changed);
    CHECK(world.absent("f"));
    CHECK(world.disk.get("f.part") == part);
  }
}

TEST_CASE("a download that another one works on is busy, and unharmed") {
  World world;
  leave_half(world);
  auto directory = world.disk.open_directory(".");
  REQUIRE(directory.ok());
  auto other = (*directory)->open("f.part", OpenMode::existing);
  REQUIRE(other.ok());
  REQUIRE(*(*other)->try_lock());
  const auto part = world.disk.get("f.part");
  const auto report = world.download();
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::busy);
  CHECK(world.disk.get("f.part") == part);
  CHECK(world.script->log().empty());
}
