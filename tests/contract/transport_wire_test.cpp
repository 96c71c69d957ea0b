// Byte for byte the same responses, given to the fake transport and to the real one: both must make the same of them.
#include "contract/transport_sides.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

using namespace segdl;
using namespace segdl::test;

namespace {

std::string words(const Error& error) {
  if (error.cause != Cause::network) return "not a network error";
  return error.remedy == Remedy::retry ? "retry" : error.remedy == Remedy::refetch ? "refetch" : "other";
}

// "STATUS BODY", with "|retry" or "|refetch" where an error ended it.
template <class Side>
std::string outcome(const std::string& wire, WireEnd end) {
  Side side;
  side.script.on_every([&](Answer& answer, const Asking&) { answer.raw(wire, end); });
  auto exchange = side.transport->get({side.url, {}}, quick(), {});
  if (!exchange.ok()) return "|" + words(exchange.error());
  const Read got = read_all(**exchange);
  std::string text = fmt::format("{} ", (*exchange)->head().status);
  for (const std::byte byte : got.body) text += static_cast<char>(byte);
  return got.error ? text + "|" + words(*got.error) : text;
}

struct Row {
  std::string wire;
  std::string outcome;
  WireEnd end = WireEnd::close;
};

void check(std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    CAPTURE(row.wire.substr(0, 200));
    CHECK(outcome<FakeSide>(row.wire, row.end) == row.outcome);
    CHECK(outcome<RealSide>(row.wire, row.end) == row.outcome);
  }
}

const std::string kOk = "HTTP/1.1 200 OK\r\n";
const std::string kChunked = kOk + "Transfer-Encoding: chunked\r\n\r\n";

std::string length(const std::string& value) { return kOk + "Content-Length: " + value + "\r\n\r\nhello"; }

}  // namespace

TEST_CASE("lengths") {
  check({{length("5"), "200 hello"},
         {length("3"), "200 hel"},
         {length("0"), "200 "},
         {length("9"), "200 hello|retry"},
         {length("5, 5"), "200 hello"},
         {length("5, 6"), "|refetch"},
         {length("abc"), "|refetch"},
         {length("-1"), "|refetch"},
         {length("+5"), "200 hello"},
         {length("1e6"), "|refetch"},
         {length("0x5"), "|refetch"},
         {length(""), "|refetch"},
         {length("18446744073709551621"), "|refetch"},
         {kOk + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "|refetch"},
         {kOk + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "200 hello"},
         {kOk + "Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello", "200 hello"}});
}

TEST_CASE("chunks") {
  check({{kChunked + "5\r\nhello\r\n0\r\n\r\n", "200 hello"},
         {kChunked + "2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer: x\r\n\r\n", "200 hello"},
         {kChunked + "5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\nforged", "200 hello"},
         {kChunked + "5\r\nhello", "200 |retry"},
         {kChunked + "5\r\nhello\r\n", "200 hello|retry"},
         {kChunked + "5\r\nhel", "200 |retry"},
         {kChunked + "5\r\nhelloX", "200 |refetch"},
         {kChunked + "5\r\nhello\r\n0x2\r\n", "200 hello|refetch"},
         {kChunked + "5\r\nhello\r\n0x2\r\nxx\r\n0\r\n\r\n", "200 helloxx"},
         {kChunked + "+5\r\nhello\r\n5x\r\nworld\r\n0\r\nX: y\r\n\r\n", "200 helloworld"},
         {kChunked + "5x\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\nforged", "200 hello|refetch"},
         {kChunked + "5x\r\nhello\r\n0\r\n", "200 hello|refetch"},
         {kChunked + "5x\r\nhello\r\n5\r\nwor", "200 hello|refetch"},
         {kChunked + "5\r\nhello\r\n0x\r\n\r\n", "200 hello|refetch"},
         {kChunked + "5\r\nhello\r\n-2\r\n", "200 hello|refetch"},
         {kChunked + " 5\r\nhello\r\n0  \r\n\r\n", "200 hello"},
         {kChunked + "00000000000000000000005\r\nhello\r\n0\r\n\r\n", "200 hello"},
         {kChunked + "5\r\nhello\r\n \r\n", "200 hello|refetch"},
         {kChunked + "5\r\nhello\r\nfffffffffffffffff\r\n", "200 hello|refetch"},
         {kChunked + "5;" + std::string(2'000'000, 'x') + "\r\nhello\r\n0\r\n\r\n", "200 hello"},
         {kOk + "Transfer-Encoding: gzip, chunked\r\n\r\n", "|refetch"},
         {kOk + "Transfer-Encoding: identity\r\n\r\nhello", "200 hello"},
         {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "200 "}});
}

TEST_CASE("chunked said twice is taken off once, and nothing used that may be chunked still") {
  for (const std::string fields : {"Transfer-Encoding: chunked, chunked\r\n\r\n",
                                   "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    const std::string twice = kOk + fields;
    check({{twice + "5\r\nhello\r\n0\r\n\r\n", "200 hello"},
           {twice + "5\r\nbe ef\r\n0\r\n\r\n", "200 be ef"},
           {twice + "0\r\n\r\n", "200 "},
           {twice + "a\r\n5\r\nhello\r\n\r\n5\r\n0\r\n\r\n\r\n0\r\n\r\n", "200 |refetch"},
           {twice + "1\r\n5\r\n9\r\n\r\nhello\r\n\r\n5\r\n0\r\n\r\n\r\n0\r\n\r\n", "200 |refetch"},
           {twice + "b\r\n5\nhello\n0\n\n\r\n0\r\n\r\n", "200 |refetch"},
           {twice + "d\r\n5\nworlds away\r\n0\r\n\r\n", "200 5\nworlds away"},
           {twice + "2\r\nbe\r\n0\r\n\r\n", "200 |refetch"}});
  }
}

TEST_CASE_TEMPLATE("of a large chunk nothing is given before its end, wherever it is held", Side, FakeSide, RealSide,
                   TlsSide) {
  struct Large {
    std::string wire;
    std::size_t whole;  // chunks that end
    std::string words;
  };
  constexpr std::size_t kChunk = 60'000;
  const std::string bytes = text_part(0, kChunk);
  const std::string chunk = "ea60\r\n" + bytes + "\r\n";
  const std::string last = "0\r\n\r\n";
  const Large rows[] = {{chunk + chunk + last, 2, ""},
                        {chunk + chunk, 2, "retry"},
                        {chunk + chunk.substr(0, chunk.size() - 1), 1, "retry"},
                        {chunk + chunk.substr(0, chunk.size() - 2), 1, "retry"},
                        {chunk + chunk.substr(0, 30'000), 1, "retry"},
                        {chunk + "ea60\r\n" + bytes + "xx\r\n" + last, 1, "refetch"},
                        {chunk + "ea60\r\n" + bytes + "\rx\r\n" + last, 1, "refetch"},
                        {chunk + chunk + "xyz\r\n", 2, "refetch"}};
  for (const Large& row : rows) {
    CAPTURE(&row - rows);
    for (const std::size_t at_once : {1000U, 30'000U, 59'999U, 60'000U, 250'000U}) {
      CAPTURE(at_once);
      Side side;
      side.script.on_every([&](Answer& answer, const Asking&) { answer.raw(kChunked + row.wire); });
      auto exchange = side.transport->get({side.url, {}}, quick(), {});
      REQUIRE(exchange.ok());
      const Read got = read_all(**exchange, at_once);
      std::vector<std::byte> expected;
      for (std::size_t i = 0; i < row.whole; ++i) {
        const std::vector<std::byte> one = part(0, kChunk);
        expected.insert(expected.end(), one.begin(), one.end());
      }
      CHECK(got.body == expected);
      CHECK((got.error ? words(*got.error) : "") == row.words);
    }
  }
}

// RFC 9112 section 8: a chunked body is complete once its last chunk has come.
TEST_CASE("a trailer section that breaks off") {
  const std::string complete = kChunked + "5\r\nhello\r\n0\r\n";
  for (const WireEnd end : {WireEnd::close, WireEnd::cut, WireEnd::reset, WireEnd::stall}) {
    check({{complete, "200 hello", end},
           {complete + "\r", "200 hello", end},
           {complete + "X: y", "200 hello", end},
           {complete + "X: y\r\n", "200 hello", end},
           {kChunked + "5\r\nhello\r\n0\r", "200 hello|retry", end}});
  }
  check({{complete + "\nX", "200 hello|refetch"},
         {complete + "X: y\n", "200 hello|refetch"},
         {complete + "\rX", "200 hello|refetch"},
         {complete + "\rXHTTP/1.1 200 OK\r\n\r\nforged", "200 hello|refetch"}});
}

TEST_CASE_TEMPLATE("of a chunk too large to hold every byte is given as it comes", Side, FakeSide, RealSide, TlsSide) {
  constexpr std::size_t kChunk = 2'000'000;
  const std::string chunk = "1e8480\r\n" + text_part(0, kChunk) + "\r\n";
  for (const std::size_t at_once : {1000U, 100'000U, 3'000'000U}) {
    CAPTURE(at_once);
    Side side;
    std::string wire = chunk + "3\r\nend\r\n0\r\n\r\n";
    side.script.on_every([&](Answer& answer, const Asking&) { answer.raw(kChunked + wire); });
    auto whole = side.transport->get({side.url, {}}, quick(), {});
    REQUIRE(whole.ok());
    const Read all = read_all(**whole, at_once);
    CHECK_FALSE(all.error);
    REQUIRE(all.body.size() == kChunk + 3);
    CHECK(std::equal(all.body.begin(), all.body.begin() + kChunk, part(0, kChunk).begin()));
    wire = chunk.substr(0, 8 + 1'500'000);
    auto cut = side.transport->get({side.url, {}}, quick(), {});
    REQUIRE(cut.ok());
    const Read begin = read_all(**cut, at_once);
    REQUIRE(begin.error);
    CHECK(words(*begin.error) == "refetch");  // what came of it may have been framing
    CHECK(begin.body == part(0, 1'500'000));
  }
}

TEST_CASE_TEMPLATE("of a chunk too large to hold, or of an odd size, nothing is given that would be joined", Side,
                   FakeSide, RealSide, TlsSide) {
  const std::string small = "5\r\nhello\r\n";
  for (const std::string& odd : {"1e8480\r\n" + text_part(0, 2'000'000), std::string("0x5\r\nhello")}) {
    const std::string wire = small + odd + "\r\n0\r\n\r\n";
    Side side;
    side.script.on_every([&](Answer& answer, const Asking&) { answer.raw(kChunked + wire); });
    HttpRequest request{side.url, {}};
    request.joined = true;
    auto exchange = side.transport->get(request, quick(), {});
    REQUIRE(exchange.ok());
    const Read got = read_all(**exchange, 100'000);
    REQUIRE(got.error);
    CHECK(got.error->remedy == Remedy::restart);
    CHECK(got.body.size() == 5);
  }
}

TEST_CASE_TEMPLATE("the end of a 206 that ends with its connection is not waited for as a body is", Side, FakeSide,
                   RealSide, TlsSide) {
  const std::string head = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/9\r\n\r\n";
  for (const bool more : {false, true}) {
    CAPTURE(more);
    Side side;
    side.script.on_every(
        [&](Answer& answer, const Asking&) { answer.raw(head + (more ? "hello there" : "hello"), WireEnd::stall); });
    Limits limits = quick();
    limits.idle = std::chrono::minutes(5);
    auto exchange = side.transport->get({side.url, {}}, limits, {});
    REQUIRE(exchange.ok());
    std::array<std::byte, 5> five;
    for (std::size_t at = 0; at < five.size();) {
      const auto got = (*exchange)->read(std::span(five).subspan(at));
      REQUIRE(got.ok());
      at += *got;
    }
    std::array<std::byte, 16> beyond;
    const auto got = (*exchange)->read(beyond);
    CHECK(got.ok() == more);
  }
}

TEST_CASE_TEMPLATE("framing that drips is no body, and ends as silence does", Side, FakeSide, RealSide, TlsSide) {
  struct Dripping {
    std::string wire;
    std::string body;
    bool fails;
  };
  const std::string extension = "5;" + std::string(4000, 'x');
  const std::string begin = kChunked + "5\r\nhello\r\n";
  const Dripping rows[] = {{begin + extension + "\r\nhello\r\n0\r\n\r\n", "hello", true},
                           {kChunked + extension + "\r\nhello\r\n0\r\n\r\n", "", true},
                           {begin + "0\r\n" + std::string(4000, 'x') + "\r\n\r\n", "hello", false}};
  for (const Dripping& row : rows) {
    CAPTURE(&row - rows);
    Side side;
    side.script.on_every([&](Answer& answer, const Asking&) {
      answer.raw(row.wire);
      answer.drip = 100;
      answer.drip_pause = std::chrono::milliseconds(100);
    });
    const Instant start = side.now();
    auto exchange = side.transport->get({side.url, {}}, quick(), {});
    REQUIRE(exchange.ok());
    const Read got = read_all(**exchange);
    CHECK(std::string(reinterpret_cast<const char*>(got.body.data()), got.body.size()) == row.body);
    CHECK(got.error.has_value() == row.fails);
    CHECK(side.now() - start < std::chrono::milliseconds(2500));  // all of it takes 4 s
  }
}

// Silence is the peer's, not that of a caller who does something else between two calls.
TEST_CASE_TEMPLATE("a caller may take its time behind framing", Side, FakeSide, RealSide, TlsSide) {
  Side side;
  side.script.on_every([](Answer& answer, const Asking&) {
    answer.raw(kChunked + "5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n");
    answer.drip = 1;  // so that the end of a chunk comes by itself
    answer.drip_pause = std::chrono::milliseconds(2);
  });
  Limits limits = quick();
  limits.head = std::chrono::seconds(30);  // the head drips too
  auto exchange = side.transport->get({side.url, {}}, limits, {});
  REQUIRE(exchange.ok());
  std::vector<std::byte> piece(100);
  for (const std::size_t expected : {5U, 5U, 0U}) {
    const auto got = (*exchange)->read(piece);
    REQUIRE(got.ok());
    CHECK(*got == expected);
    side.pause(2 * quick().idle);
  }
}

TEST_CASE("heads") {
  const std::string hints = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
  std::string many;
  for (int i = 0; i < 10'100; ++i) many += hints;
  check({{kOk + "\r\nhello", "200 hello"},
         {"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello", "200 hello"},
         {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "200 hello"},
         {hints + hints + length("5"), "200 hello"},
         {many + length("5"), "200 hello"},
         {"HTTP/1.1 100 Continue\r\nContent-Length: 4\r\n\r\nbody" + length("5"), "|refetch"},
         {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello", "304 "},
         {"HTTP/1.1 101 Switching\r\n\r\n", "|retry"},
         {"HTTP/1.1 999 X\r\n\r\n", "|refetch"},
         {"HTTP/2 200\r\nContent-Length: 5\r\n\r\nhello", "200 hello"},
         {"ICY 200 OK\r\nContent-Length: 5\r\n\r\nhello", "200 hello"},
         {"<html>hello</html>", "|refetch"},
         {"HTTP/1.1 200 " + std::string(40'000, 'x') + "\r\n\r\n", "200 "},
         {kOk + "X: " + std::string(9'000'000, 'x') + "\r\nContent-Length: 5\r\n\r\nhello", "200 hello"},
         {"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", "200 hello"},
         {kOk + "A: b\r\nContent-Length: 5\n\nhello", "|refetch"},
         {kOk + "A: b\r\n c\r\n\r\n", "200 "},
         {kOk + "Content-Length:\r\n 5\r\n\r\nhello", "|refetch"},
         {kOk + "A : b\r\n\r\n", "200 "},
         {kOk + "ETag : b\r\n\r\n", "|refetch"},
         {kOk + std::string("A: b\0c\r\n\r\n", 10), "200 "},
         {kOk + std::string("ETag: b\0c\r\n\r\n", 13), "200 "},
         {kOk + std::string("Location: b\0c\r\n\r\n", 17), "|refetch"},
         {kOk + "A: b", "|retry"},
         {"", "|retry"}});
}

TEST_CASE("a peer that stops in the middle") {
  check({{length("9"), "200 hello|retry", WireEnd::stall},
         {kChunked + "5\r\nhello\r\n", "200 hello|retry", WireEnd::stall},
         {kOk + "\r\nhello", "200 hello|retry", WireEnd::stall},
         {kOk + "A: b", "|retry", WireEnd::stall},
         {"HTTP/1.1 204 No Content\r\n\r\n", "204 ", WireEnd::stall}});
}
