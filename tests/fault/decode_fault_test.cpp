// The same loops for downloads that publish the content of what came coded.
#include "core/store/journal_format.h"

#include "engine/store/read_status.h"
#include "support/every.h"
#include "support/hints.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <vector>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 4 * 16 * kKiB + 100;

std::vector<std::byte> content() { return pattern_bytes(1, kSize); }

// `deflate` without a frame: stored blocks.
std::string coded() {
  const auto bytes = content();
  std::string made;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = std::min<std::size_t>(30'000, bytes.size() - at);
    made += at + size == bytes.size() ? '\x01' : '\0';
    for (const std::size_t number : {size, ~size}) {
      made += static_cast<char>(number & 0xff);
      made += static_cast<char>(number >> 8U & 0xff);
    }
    for (std::size_t i = 0; i < size; ++i) made += std::to_integer<char>(bytes[at + i]);
    at += size;
  }
  return made;
}

// A server that stores it so, with ranges or without.
void serve(World& world, bool ranges, const std::string& body = coded()) {
  world.serve().size(body.size()).on_every([ranges, body](Answer& answer, const Asking&) {
    if (answer.head.status != 200 && answer.head.status != 206) return;
    const bool part = ranges && answer.head.status == 206;
    const std::string bytes = part ? body.substr(answer.begin, answer.end - answer.begin) : body;
    std::string head = part ? fmt::format("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {}-{}/{}\r\n",
                                          answer.begin, answer.end - 1, body.size())
                            : std::string("HTTP/1.1 200 OK\r\n");
    head += fmt::format("ETag: \"v1\"\r\nContent-Encoding: deflate\r\nContent-Length: {}\r\n\r\n", bytes.size());
    answer.raw(head + bytes, WireEnd::close);
  });
}

Request decoding() {
  Request request = World::request();
  request.decode = true;
  return request;
}

// Whatever a death or a failure left, the same request comes to the right end.
void check_after(World& world, bool ranges) {
  const auto output = world.disk.get("f");
  if (output) CHECK(*output == content());
  const bool complete = world.disk.names() == std::vector<std::string>{"f"};
  serve(world, ranges);
  const auto rerun = world.download(decoding());
  CHECK((rerun.ok() || (complete && rerun.error().cause == Cause::exists)));
  if (!rerun.ok() && !(complete && rerun.error().cause == Cause::exists)) MESSAGE(rerun.error().message());
  CHECK(world.disk.get("f") == content());
  CHECK(world.disk.names() == std::vector<std::string>{"f"});
}

// The first death that leaves just these names.
void after_death(bool ranges, const std::vector<std::string>& names, const std::function<void(World&)>& check) {
  for (std::uint64_t k = 1; k < 2000; ++k) {
    World world;
    serve(world, ranges);
    world.disk.crash_at(k);
    static_cast<void>(world.download(decoding()).ok());
    world.disk.kill();
    if (world.disk.names() == names) return check(world);
  }
  FAIL("no death left these names");
}

}  // namespace

TEST_CASE("a death at any operation of a download that is decoded leaves what the same request finishes") {
  for (const bool ranges : {true, false}) {
    for (const bool power : {false, true}) {
      bool fired = true;
      for (std::uint64_t k = 1; fired; k += every(1)) {
        CAPTURE(ranges);
        CAPTURE(power);
        CAPTURE(k);
        REQUIRE(k < 2000);
        World world;
        serve(world, ranges);
        world.disk.crash_at(k);
        const auto report = world.download(decoding());
        fired = world.disk.fired();
        CHECK((report.ok() || fired));
        if (power) {
          world.disk.power_cut(k);
        } else {
          world.disk.kill();
        }
        check_after(world, ranges);
      }
    }
  }
}

TEST_CASE("a failure of any operation of a download that is decoded publishes nothing wrong") {
  for (const bool ranges : {true, false}) {
    bool fired = true;
    for (std::uint64_t k = 1; fired; k += every(1)) {
      CAPTURE(ranges);
      CAPTURE(k);
      REQUIRE(k < 2000);
      World world;
      serve(world, ranges);
      world.disk.fail_at(k, "No space left on device");
      const auto report = world.download(decoding());
      fired = world.disk.fired();
      if (report.ok()) CHECK(world.disk.get("f") == content());
      if (fired) check_after(world, ranges);  // else it is still to come
    }
  }
}

TEST_CASE("what came whole and can't be decoded stays, and the same request without decoding publishes it") {
  for (const bool ranges : {true, false}) {
    CAPTURE(ranges);
    const std::string cut = coded().substr(0, coded().size() - 10);
    World world;
    serve(world, ranges, cut);
    const auto report = world.download(decoding());
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::integrity);
    CHECK(report.error().remedy == Remedy::stop);
    CHECK_FALSE(report.error().resumable);
    CHECK(has_hint(report.error(), Hint::keep_encoded));
    CHECK(world.disk.names() == std::vector<std::string>{"f.part", "f.segdl"});
    world.serve().size(1);  // nothing is asked for
    const auto kept = world.download();
    REQUIRE(kept.ok());
    CHECK(kept->fetched == 0);
    CHECK(kept->coding == "deflate");
    const auto output = world.disk.get("f");
    REQUIRE(output);
    CHECK(std::ranges::equal(*output, std::as_bytes(std::span(cut))));
    CHECK(world.disk.names() == std::vector<std::string>{"f"});
  }
}

TEST_CASE("what has the name for what is decoded and is somebody else's stays") {
  World world;
  serve(world, true);
  world.disk.put("f.part.out", pattern_bytes(9, 500));
  const auto report = world.download(decoding());
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::exists);
  CHECK(report.error().subject.find("f.part.out") != std::string::npos);
  CHECK(world.disk.get("f.part.out") == pattern_bytes(9, 500));
  CHECK(world.disk.names() == std::vector<std::string>{"f.part.out"});  // nothing was fetched
  world.disk.erase("f.part.out");
  check_after(world, true);
}

TEST_CASE(
    "what came whole and can't be decoded is fetched again by the same request, and stays until something comes") {
  for (const bool ranges : {true, false}) {
    CAPTURE(ranges);
    const std::string cut = coded().substr(0, coded().size() - 10);
    World world;
    serve(world, ranges, cut);
    const auto report = world.download(decoding());
    REQUIRE_FALSE(report.ok());
    CHECK(has_hint(report.error(), Hint::fetch_again));
    world.serve().size(1).on_every([](Answer& answer, const Asking&) {
      answer.raw("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", WireEnd::close);
    });
    REQUIRE_FALSE(world.download(decoding()).ok());
    const auto kept = world.disk.get("f.part");
    REQUIRE(kept);
    CHECK(std::ranges::equal(*kept, std::as_bytes(std::span(cut))));
    serve(world, ranges, cut);
    REQUIRE_FALSE(world.download(decoding()).ok());
    serve(world, ranges);
    const auto mended = world.download(decoding());
    REQUIRE(mended.ok());
    CHECK(mended->fetched == coded().size());
    CHECK(world.disk.get("f") == content());
    CHECK(world.disk.names() == std::vector<std::string>{"f"});
  }
}

TEST_CASE("what gets the name for what is decoded once decoding has failed is somebody else's, and stays") {
  for (const bool again : {false, true}) {
    CAPTURE(again);
    World world;
    serve(world, true, coded().substr(0, coded().size() - 10));
    REQUIRE_FALSE(world.download(decoding()).ok());
    world.disk.put("f.part.out", pattern_bytes(9, 500));
    const auto next = world.download(again ? decoding() : World::request());
    CHECK(next.ok() != again);
    if (again) CHECK(next.error().cause == Cause::exists);
    CHECK(world.disk.get("f.part.out") == pattern_bytes(9, 500));
  }
}

TEST_CASE("what was sent outlives a run without decoding that finds only its content published") {
  for (const bool ranges : {true, false}) {
    after_death(ranges, {"f", "f.part", "f.segdl"}, [&](World& world) {
      world.serve().size(1);  // nothing is asked for
      const auto plain = world.download();
      REQUIRE_FALSE(plain.ok());
      CHECK(plain.error().cause == Cause::exists);
      CHECK(has_hint(plain.error(), Hint::decode));
      CHECK(world.disk.names() == std::vector<std::string>{"f", "f.part", "f.segdl"});
      Request replacing = World::request();
      replacing.existing = Existing::replace;
      const auto sent = world.download(replacing);
      REQUIRE(sent.ok());
      CHECK(sent->fetched == 0);
      const std::string body = coded();
      const auto output = world.disk.get("f");
      REQUIRE(output);
      CHECK(std::ranges::equal(*output, std::as_bytes(std::span(body))));
      CHECK(world.disk.names() == std::vector<std::string>{"f"});
    });
  }
}

TEST_CASE("the status of a decoded output says so, and the other numbers are of what was sent") {
  for (std::uint64_t k = 1; k < 2000; ++k) {
    World next;
    serve(next, true);
    next.disk.crash_at(k);
    static_cast<void>(next.download(decoding()).ok());
    next.disk.kill();
    const auto status = engine::read_status(next.disk, "f");
    if (!status || next.disk.names() == std::vector<std::string>{"f"}) continue;
    const bool published = !next.absent("f");
    CHECK((status->state == DownloadStatus::State::complete) == published);
    CHECK(status->decoded == (published ? std::optional(kSize) : std::nullopt));
    if (published) CHECK(status->claimed == coded().size());
    if (published) return;
  }
  FAIL("no death left a published output and its journal");
}

TEST_CASE("decoded data whose source is gone goes as well") {
  for (const bool ranges : {true, false}) {
    after_death(ranges, {"f.part", "f.part.out", "f.segdl"}, [&](World& world) {
      world.disk.erase("f.part");
      check_after(world, ranges);
    });
  }
}

TEST_CASE("decoded data whose journal can't tell that it is goes, and is made again") {
  struct Harm {
    std::string name;
    std::size_t from, size;
  };
  const Harm harms[] = {{"identity", 8, 1 << 20}, {"facts", kJournalBlock, kJournalBlock}};
  for (const bool ranges : {true, false}) {
    for (const Harm& harm : harms) {
      for (const bool decode : {true, false}) {
        CAPTURE(ranges);
        CAPTURE(harm.name);
        CAPTURE(decode);
        after_death(ranges, {"f.part", "f.part.out", "f.segdl"}, [&](World& world) {
          auto journal = world.disk.get("f.segdl").value();
          for (std::size_t i = harm.from; i < std::min(journal.size(), harm.from + harm.size); ++i) {
            journal[i] ^= std::byte{0xff};
          }
          world.disk.put("f.segdl", std::move(journal));
          if (decode) return check_after(world, ranges);
          serve(world, ranges);
          const auto report = world.download();
          REQUIRE(report.ok());
          CHECK(std::any_of(report->notes.begin(), report->notes.end(),
                            [](const std::string& note) { return note.find("f.part.out") != std::string::npos; }));
          CHECK(world.disk.names() == std::vector<std::string>{"f"});
        });
      }
    }
  }
}

TEST_CASE("what another program does to the decoded data is found: a cut always, all else if that is asked for") {
  for (const bool verify : {false, true}) {
    CAPTURE(verify);
    World world;
    serve(world, true);
    world.disk.meddle("f.part.out", 4, [verify](FakeInode& inode) {
      if (verify) inode.live[20'000] ^= std::byte{1};
      if (!verify) inode.live.resize(10);
    });
    Request request = decoding();
    request.verify = verify;
    const auto report = world.download(request);
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::local);
    CHECK(report.error().resumable);
    check_after(world, true);
  }
}

TEST_CASE("what another program changes before it is decoded is not decoded") {
  World world;
  serve(world, true);
  world.disk.meddle("f.part", 5, [](FakeInode& inode) { inode.live[20'000] ^= std::byte{1}; });
  const auto report = world.download(decoding());
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::local);
  CHECK(report.error().resumable);
  check_after(world, true);
}

TEST_CASE("what another program changes into what can't be decoded is the disk's fault, not the server's") {
  for (const bool ranges : {true, false}) {
    CAPTURE(ranges);
    World world;
    serve(world, ranges);
    world.disk.meddle("f.part", ranges ? 5 : 1, [](FakeInode& inode) { inode.live[0] = std::byte{0xff}; });
    const auto report = world.download(decoding());
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::local);
    CHECK(report.error().subject.find("f.part") != std::string::npos);
    check_after(world, ranges);
  }
}

TEST_CASE("the time limit of a download holds for decoding too, and what came stays") {
  World world;
  serve(world, true);
  world.disk.meddle("f.part.out", 2, [&world](FakeInode&) { world.clock.advance(std::chrono::hours(2)); });
  SessionOptions options;
  options.max_time = std::chrono::hours(1);
  const auto report = world.download(decoding(), options);
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::network);
  CHECK(report.error().operation == "decode");
  CHECK(report.error().out_of_time);
  CHECK(report.error().resumable);
  check_after(world, true);
}
