// What of a chunked body is given out, and when.
#include "core/chunked_body.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

using namespace segdl;

namespace {

struct Taken {
  std::string bytes;
  bool ended = false;
};

// What comes out when the wire comes in pieces of this size; nothing if it is refused, whatever was given out before.
std::optional<Taken> taken(std::string_view wire, std::size_t piece, bool partial = true) {
  ChunkedBody body(partial);
  Taken result;
  char into[7];
  while (!wire.empty()) {
    if (!body.feed(wire.substr(0, piece)).ok()) return std::nullopt;
    wire.remove_prefix(std::min(piece, wire.size()));
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
  // Decimal where hexadecimal is meant: 10 bytes are said to be 16.
  const std::string wire = chunk("good") + "10\r\n0123456789\r\n5\r\nabcde\r\n0\r\n\r\n";
  for (std::size_t piece = 1; piece <= wire.size(); ++piece) CHECK_FALSE(taken(wire, piece));
  const auto cut = taken(wire.substr(0, wire.find("abcde")), 3);
  REQUIRE(cut);
  CHECK(cut->bytes == "good");
}

TEST_CASE("a chunk too large to hold is refused in a part, and given out as it comes in a whole") {
  const std::string bytes(kMaxHeldChunk + 1, 'x');
  CHECK_FALSE(taken(chunk(bytes), 4096, true));
  CHECK(taken(chunk(bytes).substr(0, 5000), 4096, false)->bytes.size() > 4000);
  CHECK(taken(chunk(bytes) + chunk("end") + "0\r\n\r\n", 4096, false)->bytes == bytes + "end");
  const std::string largest(kMaxHeldChunk, 'x');
  CHECK(taken(chunk(largest) + "0\r\n\r\n", 4096, true)->bytes == largest);
}

TEST_CASE("what comes behind the end is noticed") {
  ChunkedBody body(true);
  REQUIRE(body.feed("0\r\n\r\n").ok());
  CHECK(body.ended());
  CHECK_FALSE(body.has_more_behind());
  REQUIRE(body.feed("HTTP/1.1 200 OK").ok());
  CHECK(body.has_more_behind());
}
