// Bytes of a chunked body count once their chunk has ended according to its size.
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <string>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSegment = 16 * kKiB;
constexpr std::uint64_t kSize = 40 * kSegment + 1000;

std::string text_of(std::uint64_t seed, Range range, std::uint64_t size) {
  const auto bytes = pattern_bytes(seed, size);
  return {reinterpret_cast<const char*>(bytes.data()) + range.begin, range.size()};
}

// In chunks of 64 KiB whose size is written like this, and what is left.
std::string in_chunks(const std::string& body, const std::string& size) {
  constexpr std::size_t kChunk = 0x10000;
  std::string wire;
  std::size_t at = 0;
  for (; body.size() - at >= kChunk; at += kChunk) wire += size + "\r\n" + body.substr(at, kChunk) + "\r\n";
  if (at < body.size()) wire += fmt::format("{:x}\r\n{}\r\n", body.size() - at, body.substr(at));
  return wire + "0\r\n\r\n";
}

// Of a server whose "10000 octets" are decimal: who takes that for 64 KiB finds the end of a chunk there, too, and
// chunks up to the last one.
std::string lying_chunks(const std::string& body) {
  const std::string first = body.substr(0, 10'000) + "\r\n";
  const std::string size = "55518 octets\r\n";
  const std::size_t second = 0x10000 - first.size() - size.size();
  const std::string rest = body.substr(10'000 + second);
  return "10000 octets\r\n" + first + size + body.substr(10'000, second) + "\r\n" +
         fmt::format("{:x}\r\n{}\r\n0\r\n\r\n", rest.size(), rest);
}

}  // namespace

TEST_CASE("a part in a chunk too large to be held comes in another way") {
  for (const unsigned connections : kConnections) {
    World world;
    world.serve().size(6 * kMiB).on_every([](Answer& answer, const Asking&) { answer.chunked(); });
    world.script->on_every([](Answer& answer, const Asking&) {
      if (answer.head.status == 206) answer.raw(answer.head_text() + "400000\r\n" + std::string(2 * kMiB, 'x'));
    });
    REQUIRE(world.download(World::request(), with(connections)).ok());
    CHECK(world.has("f", 1, 6 * kMiB));
  }
}

TEST_CASE("chunks with odd sizes come as a whole, and what they are is told") {
  for (const unsigned connections : kConnections) {
    for (const bool ranges : {false, true}) {
      for (const char* size : {"0x10000", "+10000", "10000 octets", "10000g"}) {
        CAPTURE(connections);
        CAPTURE(ranges);
        CAPTURE(std::string(size));
        World world;
        world.serve().size(kSize).on_every([&](Answer& answer, const Asking&) {
          if (!ranges) answer.sends(0, kSize);
          if (!ranges) answer.head.status = 200;
          if (!ranges) answer.drop("Content-Range");
          answer.chunked().raw(answer.head_text() + in_chunks(text_of(1, {answer.begin, answer.end}, kSize), size));
        });
        const auto report = world.download(World::request(), with(connections));
        REQUIRE(report.ok());
        CHECK(world.has("f", 1, kSize));
        CHECK(std::count(report->notes.begin(), report->notes.end(),
                         "tolerated in a response: odd sizes of its chunks") == 1);
      }
    }
  }
}

TEST_CASE("an odd size that is meant otherwise leaves no byte where the version and its size are known") {
  for (const unsigned connections : kConnections) {
    for (const bool resumes : {false, true}) {
      for (const unsigned often : {4U, 99U}) {
        CAPTURE(connections);
        CAPTURE(resumes);
        CAPTURE(often);
        World world;
        if (resumes) {
          world.serve().size(kSize).stall_at(5 * kSegment, 99);
          REQUIRE_FALSE(world.download(World::request(), with(1, 0)).ok());
          world.disk.kill();
        }
        world.serve().size(kSize).on_every([&](Answer& answer, const Asking& asking) {
          if (asking.number > often) return;
          if (!resumes && asking.number == 1) {
            answer.cut_at = 5 * kSegment;
            return;
          }
          answer.sends(0, kSize);
          answer.head.status = 200;
          answer.drop("Content-Range").chunked().raw(answer.head_text() + lying_chunks(text_of(1, {0, kSize}, kSize)));
        });
        const auto report = world.download(World::request(), with(connections));
        CHECK(report.ok() == (often == 4));
        CHECK((report.ok() ? world.has("f", 1, kSize) : world.absent("f")));
        if (!report) CHECK(report.error().cause == Cause::integrity);
      }
    }
  }
}

TEST_CASE("framing that a lying chunk size makes look like data is never kept") {
  for (const unsigned connections : kConnections) {
    for (const bool cut : {false, true}) {
      World world;
      world.serve().size(kSize).on_every([cut](Answer& answer, const Asking& asking) {
        if (answer.head.status != 206 || asking.number > 3) return;
        answer.chunked();
        const auto bytes = pattern_bytes(1, kSize);
        const std::string part(reinterpret_cast<const char*>(bytes.data()) + answer.begin, 60'000);
        std::string wire = answer.head_text() + "ea60\r\n" + part + "\r\n60000\r\n" + part + "\r\n";
        if (!cut) wire += std::string(500'000, 'x');
        answer.raw(wire);
      });
      const auto report = world.download(World::request(), with(connections));
      if (report) CHECK(world.has("f", 1, kSize));
      if (!report) CHECK(world.absent("f"));
    }
  }
}
