// What of a chunked body is given out, and when.
#include "core/http/chunked_body.h"
#include "support/pattern.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

using namespace segdl;
using namespace segdl::test;

namespace {

struct Taken {
  std::string bytes;
  bool ended = false;
};

// Takes up to `piece` bytes off the front of the wire.
Result<std::size_t> feed(ChunkedBody& body, std::string_view& wire, std::size_t piece) {
  const std::span<std::byte> room = body.room();
  const std::string_view shown = wire.substr(0, std::min(piece, room.size()));
  shown.copy(reinterpret_cast<char*>(room.data()), shown.size());
  wire.remove_prefix(shown.size());
  return body.received(shown.size());
}

// What comes out when the wire comes in pieces of this size; nothing if it is refused, whatever was given out before.
std::optional<Taken> taken(std::string_view wire, std::size_t piece, bool partial = true) {
  ChunkedBody body(partial);
  Taken result;
  char into[7];
  while (!wire.empty()) {
    if (!feed(body, wire, piece).ok()) return std::nullopt;
    while (const std::size_t got = body.take(std::as_writable_bytes(std::span(into)))) result.bytes.append(into, got);
  }
  result.ended = body.ended();
  return result;
}

std::string chunk(std::string_view bytes) { return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes); }

}  // namespace

TEST_CASE("a chunk is given out when its end is there, and not a byte sooner") {
  const std::string wire = chunk("one") + chunk("twenty-four") + "0\r\n\r\n";
  for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
    for (std::size_t end = 0; end <= wire.size(); ++end) {
      CAPTURE(piece);
      CAPTURE(end);
      const auto got = taken(std::string_view(wire).substr(0, end), piece);
      REQUIRE(got);
      const std::size_t first = chunk("one").size();
      const std::size_t second = first + chunk("twenty-four").size();
      CHECK(got->bytes == (end < first ? "" : end < second ? "one" : "onetwenty-four"));
      CHECK(got->ended == (end == wire.size()));
    }
  }
}

TEST_CASE("a size that lies lets nothing of its chunk out, though the framing behind looks like data") {
  // Decimal instead of hexadecimal: 10 bytes are declared as 16.
  const std::string wire = chunk("good") + "10\r\n0123456789\r\n5\r\nabcde\r\n0\r\n\r\n";
  for (std::size_t piece = 1; piece <= wire.size(); ++piece) CHECK_FALSE(taken(wire, piece));
  const auto cut = taken(wire.substr(0, wire.find("abcde")), 3);
  REQUIRE(cut);
  CHECK(cut->bytes == "good");
}

TEST_CASE("a chunk with something else than CR LF behind it is not given out") {
  for (const std::string_view end : {"xx", "\rx", "\n\r", "\n"}) {
    CAPTURE(end);
    ChunkedBody body(true);
    const std::string whole = chunk("one") + "5\r\nabcde" + std::string(end) + "0\r\n\r\n";
    std::string_view wire = whole;
    CHECK_FALSE(feed(body, wire, wire.size()).ok());
    std::byte into[9];
    CHECK(body.take(into) == 3);
  }
}

TEST_CASE("a chunk too large to hold is refused in a part, and given out as it comes in a whole") {
  const std::string bytes(kMaxHeldChunk + 1, 'x');
  CHECK_FALSE(taken(chunk(bytes), 4096, true));
  CHECK(taken(chunk(bytes).substr(0, 5000), 4096, false)->bytes.size() > 4000);
  CHECK(taken(chunk(bytes) + chunk("end") + "0\r\n\r\n", 4096, false)->bytes == bytes + "end");
  const std::string largest(kMaxHeldChunk, 'x');
  CHECK(taken(chunk(largest) + "0\r\n\r\n", 4096, true)->bytes == largest);
}

TEST_CASE("behind an odd size nothing of a part is given out, and of a whole what ends as it should") {
  const std::string wire = chunk("good") + "0x5\r\nabcde\r\n5g\r\nfghij\r\n";
  const std::string end = "0\r\nX: y\r\n\r\n";
  for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
    CAPTURE(piece);
    CHECK_FALSE(taken(wire + end, piece, true));
    const auto got = taken(wire + end, piece, false);
    REQUIRE(got);
    CHECK(got->bytes == "goodabcdefghij");
    CHECK(got->ended);
    CHECK_FALSE(taken(wire + end + "x", end.size() + 1 < piece ? piece : wire.size() + end.size() + 1, false));
  }
}

TEST_CASE("a body with an odd size is not complete before its trailer section is, and gives what is not proved") {
  for (const bool joined : {false, true}) {
    ChunkedBody body(false, joined);
    std::string_view wire = "+5\r\nabcde\r\n0\r\n";
    const auto received = feed(body, wire, wire.size());
    CHECK(received.ok() == !joined);
    if (joined) CHECK(received.error().remedy == Remedy::restart);
    std::byte into[9];
    CHECK(body.take(into) == (joined ? 0 : 5));
    CHECK_FALSE(body.complete());
    CHECK(body.gives_unproved() == !joined);
  }
}

TEST_CASE("chunks of any size come out whole, however the wire is cut") {
  for (const bool partial : {false, true}) {
    std::string wire;
    std::string bytes;
    for (std::size_t i = 0; i < 60; ++i) {
      const std::size_t size = 1 + pattern_word(7, i) % (i % 12 == 0 ? 300'000 : 20'000);
      std::string part(size, '\0');
      fill_pattern(std::as_writable_bytes(std::span(part)), 1, bytes.size());
      wire += chunk(part);
      bytes += part;
    }
    wire += "0\r\n\r\n";
    for (const std::size_t piece : {501U, 1448U, 16'384U, 40'000U, 1'000'000U}) {
      CAPTURE(piece);
      const auto got = taken(wire, piece, partial);
      REQUIRE(got);
      CHECK(got->bytes == bytes);
      CHECK(got->ended);
    }
  }
}

TEST_CASE("a body is complete with its last chunk, and ended with its trailer section") {
  const std::string wire = chunk("one") + "0\r\nX: y\r\n\r\n";
  const std::size_t last = wire.find("X");
  for (std::size_t end = 0; end <= wire.size(); ++end) {
    CAPTURE(end);
    ChunkedBody body(false);
    std::string_view shown = std::string_view(wire).substr(0, end);
    REQUIRE(feed(body, shown, wire.size()).ok());
    CHECK(body.complete() == false);  // before it was taken
    std::byte into[9];
    while (body.take(into) > 0) continue;
    CHECK(body.complete() == (end >= last));
    CHECK(body.ended() == (end == wire.size()));
  }
}

TEST_CASE("what comes behind the end is noticed") {
  ChunkedBody body(true);
  std::string_view end = "0\r\n\r\n";
  REQUIRE(feed(body, end, end.size()).ok());
  CHECK(body.ended());
  CHECK_FALSE(body.has_more_behind());
  std::string_view behind = "HTTP/1.1 200 OK";
  REQUIRE(feed(body, behind, behind.size()).ok());
  CHECK(body.has_more_behind());
}
