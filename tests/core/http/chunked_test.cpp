#include "core/http/http_wire.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <random>
#include <string>
#include <string_view>

using namespace segdl;
using namespace segdl::test;

namespace {

// The next line of `rest`, ended by CR LF and without another CR or LF in it.
std::optional<std::string_view> line_of(std::string_view& rest) {
  const auto end = rest.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  if (line.find_first_of("\r\n") != std::string_view::npos) return std::nullopt;
  rest.remove_prefix(end + 2);
  return line;
}

// A size without what may be odd about it: a plus or 0x before it, anything visible behind it.
struct Size {
  std::string digits;
  bool odd = false;
};
std::optional<Size> size_of(std::string text) {
  constexpr const char* kBlanks = " \t";
  text.erase(0, std::min(text.find_first_not_of(kBlanks), text.size()));
  text.erase(text.find_last_not_of(kBlanks) + 1);
  const bool odd_before = text.starts_with('+') || text.starts_with("0x") || text.starts_with("0X");
  if (odd_before) text.erase(0, text.starts_with('+') ? 1 : 2);
  const auto end = std::min(text.find_first_not_of("0123456789abcdefABCDEF"), text.size());
  const std::string behind = text.substr(end);
  const auto begin = behind.find_first_not_of(kBlanks);
  const bool goes_on = begin != std::string::npos && begin > 0 && std::isxdigit(behind[begin]) != 0;
  const auto is_control = [](unsigned char c) { return (c < 32 && c != '\t') || c == 127; };
  if (goes_on || std::any_of(behind.begin(), behind.end(), is_control)) return std::nullopt;
  return Size{text.substr(0, end), odd_before || begin != std::string::npos};
}

// The oracle: the grammar of RFC 9112 section 7.1, and odd sizes, applied to a wire that is all there. Nothing unless
// it is whole.
std::optional<Decoded> naive(std::string_view wire) {
  Decoded result;
  std::string_view rest = wire;
  for (;;) {
    const auto line = line_of(rest);
    if (!line) return std::nullopt;
    auto read = size_of(std::string(line->substr(0, line->find(';'))));
    if (!read || read->digits.empty()) return std::nullopt;
    std::string& digits = read->digits;
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
    if (digits.size() > 15) return std::nullopt;
    const std::uint64_t size = std::stoull(digits, nullptr, 16);
    if (size == 0 && read->odd) return std::nullopt;
    if (size == 0) break;
    if (rest.size() < size || rest.substr(size, 2) != "\r\n") return std::nullopt;
    result.body += rest.substr(0, size);
    rest.remove_prefix(size + 2);
  }
  for (;;) {
    const auto line = line_of(rest);
    if (!line) return std::nullopt;
    if (line->empty()) break;
  }
  result.consumed = wire.size() - rest.size();
  result.done = true;
  return result;
}

// The decoder's result for a wire, if it has reached its end.
std::optional<Decoded> whole(const std::optional<Decoded>& decoded) {
  return decoded && decoded->done ? decoded : std::nullopt;
}

std::string random_wire(std::mt19937& random) {
  std::string wire;
  for (auto chunk = random() % 4; chunk > 0; --chunk) {
    const std::string piece(1 + random() % 40, static_cast<char>('a' + random() % 26));
    wire += fmt::format("{:x}{}\r\n{}\r\n", piece.size(), random() % 3 == 0 ? ";a=\"b\"" : "", piece);
  }
  wire += random() % 3 == 0 ? "0\r\nA: b\r\n\r\n" : "0\r\n\r\n";
  return wire;
}

// Changes, drops or puts in one byte.
void damage(std::string& wire, std::mt19937& random) {
  constexpr std::string_view kBytes = "\r\n0123456789abcdefABCDEF;:xg +-";
  const std::size_t at = random() % wire.size();
  const char byte = kBytes[random() % kBytes.size()];
  const auto how = random() % 3;
  if (how == 0) wire[at] = byte;
  if (how == 1) wire.erase(at, 1);
  if (how == 2) wire.insert(at, 1, byte);
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
  for (const char* wire : {"-2\r\nhello",
                           "0x\r\n",
                           "0x-5\r\nhello\r\n",
                           "+\r\n",
                           "+ 5\r\nhello\r\n",
                           "++5\r\nhello\r\n",
                           "5g\nhello\r\n",
                           "5\vhello\r\n",
                           " \r\nhello\r\n",
                           "5 5\r\nhello\r\n",
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
    ChunkedDecoder decoder;
    std::string_view rest = wire;
    auto step = decoder.step(rest);
    for (; step; step = decoder.step(rest)) rest.remove_prefix(step->consumed);
    CHECK_FALSE(decoder.done());
  }
}

TEST_CASE("blanks around a size are told, zeros before it are not") {
  for (const char* size : {" 5", "5 ", "\t5", "5\t;x"}) {
    ChunkedDecoder decoder;
    REQUIRE(decoder.step(fmt::format("{}\r\n", size)).ok());
    CHECK(decoder.chunk_size() == 5);
    CHECK(decoder.padded());
  }
  ChunkedDecoder decoder;
  REQUIRE(decoder.step("000000000000000000005;x= y\r\n").ok());
  CHECK(decoder.chunk_size() == 5);
  CHECK_FALSE(decoder.padded());
}

TEST_CASE("an odd size is read as its digits, and told") {
  for (const std::string size : {"+5", "0x5", "0X05", " +5", "5g", "5h;x", "5 x", "5,000", "5\tokay ", "5\xe4"}) {
    CAPTURE(size);
    const std::string wire = fmt::format("{}\r\nhello\r\n0\r\n\r\n", size);
    const auto decoded = whole(decode(wire, 3));
    REQUIRE(decoded);
    CHECK(decoded->body == "hello");
    ChunkedDecoder decoder;
    REQUIRE(decoder.step(fmt::format("{}\r\n", size)).ok());
    CHECK(decoder.chunk_size() == 5);
    CHECK(decoder.odd());
  }
  ChunkedDecoder plain;
  REQUIRE(plain.step(" 5 ;x\r\n").ok());
  CHECK_FALSE(plain.odd());
}

TEST_CASE("an odd size is never that of the last chunk") {
  for (const std::string size : {"+0", "0x", "0x0", "0g", "0 x", "0,5", "00x5", "0_1000", "000g"}) {
    CAPTURE(size);
    CHECK_FALSE(decode(fmt::format("5\r\nhello\r\n{}\r\n\r\n", size), 1).has_value());
  }
}

TEST_CASE("behind a size at most 4 KiB are passed over") {
  const auto wire = [](std::size_t size) { return "1" + std::string(size, 'g') + "\r\na\r\n0\r\n\r\n"; };
  CHECK(whole(decode(wire(4096), 1000)));
  CHECK_FALSE(decode(wire(4097), 1000));
}

TEST_CASE("a size is padded by at most 4 KiB") {
  for (const char padding : {' ', '0'}) {
    const auto wire = [&](std::size_t size) { return std::string(size, padding) + "1\r\na\r\n0\r\n\r\n"; };
    CHECK(whole(decode(wire(4096), 1000)));
    CHECK_FALSE(decode(wire(4097), 1000));
  }
}

TEST_CASE("a size of sixteen digits is read") {
  ChunkedDecoder decoder;
  REQUIRE(decoder.step("0000000000000005\r\n").ok());
  CHECK(decoder.chunk_size() == 5);
  ChunkedDecoder largest;
  REQUIRE(largest.step("7fffffffffffffff\r\n").ok());
  CHECK(largest.chunk_size() == 0x7fffffffffffffff);
}

TEST_CASE("a size is below 2^63") {
  for (const char* size : {"8000000000000000", "ffffffffffffffff", "FFFFFFFFFFFFFFFF", "10000000000000000"}) {
    CAPTURE(size);
    ChunkedDecoder decoder;
    CHECK_FALSE(decoder.step(fmt::format("{}\r\n", size)).ok());
  }
}

TEST_CASE("an extension is at most 64 MiB with its semicolon, in each chunk anew") {
  const auto wire = [](std::size_t size) {
    const std::string extension = ";" + std::string(size - 1, 'x');
    return "1" + extension + "\r\na\r\n1" + extension + "\r\nb\r\n0" + extension + "\r\n\r\n";
  };
  CHECK(whole(decode(wire(64 * kMiB), 1'000'000)));
  CHECK_FALSE(decode(wire(64 * kMiB + 1), 1'000'000));
}

TEST_CASE("a trailer section is at most 1 MiB with its empty line") {
  const auto wire = [](std::size_t size) { return "0\r\nA: " + std::string(size - 7, 'x') + "\r\n\r\n"; };
  CHECK(whole(decode(wire(kMiB), 100'000)));
  CHECK_FALSE(decode(wire(kMiB + 1), 100'000));
  CHECK_FALSE(decode("0\r\n" + std::string(kMiB + 1, 'x'), 100'000));  // without waiting for its end
}

TEST_CASE("short wires of every kind are whole exactly if the grammar says so") {
  constexpr std::string_view kBytes = "01\r\n; x";
  constexpr std::size_t kLongest = 7;
  std::string wire;
  std::uint64_t whole_ones = 0;
  for (std::size_t length = 5; length <= kLongest; ++length) {
    std::uint64_t count = 1;
    for (std::size_t i = 0; i < length; ++i) count *= kBytes.size();
    for (std::uint64_t number = 0; number < count; ++number) {
      wire.clear();
      for (std::uint64_t left = number; wire.size() < length; left /= kBytes.size())
        wire += kBytes[left % kBytes.size()];
      const auto expected = naive(wire);
      whole_ones += expected ? 1U : 0U;
      if (whole(decode(wire, length)) != expected || whole(decode(wire, 1)) != expected) FAIL(wire);
    }
  }
  CHECK(whole_ones > 0);
}

TEST_CASE("random wires, some damaged, are decoded as the grammar says, however they are cut") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 3000; ++round) {
    std::string wire = random_wire(random);
    for (auto damages = random() % 3; damages > 0; --damages) damage(wire, random);
    const auto expected = naive(wire);
    const auto all = decode(wire, wire.size());
    if (whole(all) != expected) FAIL_CHECK(wire);
    for (std::size_t at = 0; at <= wire.size(); ++at) {
      if (decode_split(wire, at) != all) FAIL_CHECK(fmt::format("split at {}: {}", at, wire));
    }
    if (decode(wire, 1 + random() % 8) != all) FAIL_CHECK(wire);
  }
}
