#include "core/chunked.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>

using namespace segdl;

namespace {

struct Decoded {
  std::string body;
  std::size_t consumed = 0;
  bool done = false;
};

// Feeds the wire in pieces of `piece` bytes; nothing if it is refused.
std::optional<Decoded> decode(const std::string& wire, std::size_t piece) {
  ChunkedDecoder decoder;
  Decoded result;
  while (result.consumed < wire.size() && !decoder.done()) {
    const std::string_view part = std::string_view(wire).substr(result.consumed, piece);
    const auto step = decoder.step(part);
    if (!step.ok()) return std::nullopt;
    REQUIRE(step->consumed > 0);
    result.body += part.substr(step->body_begin, step->body_size);
    result.consumed += step->consumed;
  }
  result.done = decoder.done();
  return result;
}

}  // namespace

TEST_CASE("a chunked body is the same at every split, and ends where it ends") {
  const std::string wire =
      "5\r\nhello\r\n6;ext=\"a;b\"\r\n world\r\n0a\r\n0123456789\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n";
  for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
    CAPTURE(piece);
    const auto decoded = decode(wire + "HTTP/1.1 200 next", piece);
    REQUIRE(decoded);
    CHECK(decoded->body == "hello world0123456789");
    CHECK(decoded->done);
    CHECK(decoded->consumed == wire.size());
  }
}

TEST_CASE("a body cut anywhere is not done") {
  const std::string wire = "5\r\nhello\r\n0\r\n\r\n";
  for (std::size_t size = 0; size < wire.size(); ++size) {
    const auto decoded = decode(wire.substr(0, size), 3);
    REQUIRE(decoded);
    CHECK_FALSE(decoded->done);
  }
}

TEST_CASE("sizes and ends that are not plain are refused") {
  for (const char* wire : {"0x5\r\nhello\r\n",
                           "+5\r\nhello\r\n",
                           "-2\r\nhello",
                           " 5\r\nhello\r\n",
                           "5 \r\nhello\r\n",
                           "\r\n",
                           "g\r\n",
                           ";x\r\n",
                           "5\nhello\r\n",
                           "5\r\nhelloX\r\n",
                           "5\r\nhello\n0\r\n",
                           "5\r\nhello\rX",
                           "5\rXhello",
                           "11111111111111111\r\n",
                           "ffffffffffffffff1\r\n",
                           "0\r\n\n",
                           "0\r\nA: b\n\r\n",
                           "0\r\nA: b\rX",
                           "0\r\n\rX",
                           "5;a\nb\r\n"}) {
    CAPTURE(wire);
    CHECK_FALSE(decode(wire, 1000).has_value());
    CHECK_FALSE(decode(wire, 1).has_value());
  }
}

TEST_CASE("a size of sixteen digits is read, a seventeenth refused") {
  ChunkedDecoder decoder;
  REQUIRE(decoder.step("0000000000000005\r\n").ok());
  CHECK(decoder.body_ahead() == 5);
  ChunkedDecoder largest;
  REQUIRE(largest.step("7fffffffffffffff\r\n").ok());
  CHECK(largest.body_ahead() == 0x7fffffffffffffff);
}

TEST_CASE("extensions and trailers have their limits") {
  CHECK(decode("1;" + std::string(4000, 'x') + "\r\na\r\n0\r\n\r\n", 1000));
  CHECK_FALSE(decode("1;" + std::string(5000, 'x') + "\r\na\r\n0\r\n\r\n", 1000));
  CHECK_FALSE(decode("0\r\nA: " + std::string(70'000, 'x') + "\r\n\r\n", 1000));
}

TEST_CASE("body bytes may be read past the decoder") {
  ChunkedDecoder decoder;
  REQUIRE(decoder.step("a\r\n").ok());
  REQUIRE(decoder.body_ahead() == 10);
  decoder.skip_body(4);
  CHECK(decoder.body_ahead() == 6);
  decoder.skip_body(6);
  const auto step = decoder.step("\r\n0\r\n\r\n");
  REQUIRE(step.ok());
  CHECK(decoder.done());
}

TEST_CASE("random bodies in random chunks come back") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::string body;
    std::string wire;
    for (auto chunk = random() % 6; chunk > 0; --chunk) {
      const std::string piece(1 + random() % 300, static_cast<char>('a' + random() % 26));
      wire += fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
      body += piece;
    }
    wire += "0\r\n\r\n";
    const auto decoded = decode(wire, 1 + random() % 64);
    REQUIRE(decoded);
    CHECK(decoded->body == body);
    CHECK(decoded->done);
  }
}
