#include "core/http_head.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <string>

using namespace segdl;

namespace {

std::string with(const std::string& fields) { return "HTTP/1.1 206 Partial Content\r\n" + fields + "\r\n"; }

void check_refused(const std::string& head) {
  CAPTURE(head);
  const auto parsed = parse_head(head);
  REQUIRE_FALSE(parsed.ok());
  CHECK(parsed.error().cause == Cause::network);
}

}  // namespace

TEST_CASE("a head gives its status and the exact bytes of its fields") {
  const auto head = parse_head(with("ETag:  \"%41\xff\" \r\nContent-Length: 5\r\n"));
  REQUIRE(head.ok());
  CHECK(head->status == 206);
  CHECK(*head->find("etag") == "\"%41\xff\"");
  CHECK(head->framing == Framing::length);
  CHECK(head->content_length == 5);
  CHECK(head->keep_alive);
}

TEST_CASE("a reason phrase may be missing") {
  for (const char* line : {"HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.0 200 OK", "HTTP/1.1 200 Very Fine"}) {
    CAPTURE(line);
    CHECK(parse_head(std::string(line) + "\r\n\r\n").ok());
  }
}

TEST_CASE("status lines of other kinds are refused") {
  for (const char* line : {"HTTP/2 200 OK", "ICY 200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 099 X",
                           "HTTP/1.1 600 X", "HTTP/1.1 999 X", "HTTP/1.1 101 Switching", "HTTP/1.1  200 OK",
                           "HTTP/1.1 +20 OK", "HTTP/1.x 200 OK", "HTTP/1.1", "http/1.1 200 OK", "<html>"}) {
    check_refused(std::string(line) + "\r\n\r\n");
  }
}

TEST_CASE("field lines that could be read in two ways are refused") {
  for (const char* fields : {"A: b\n", "A: b\rC: d\r\n", "A : b\r\n", " A: b\r\n", "A: b\r\n c\r\n", "A: b\r\n\tc\r\n",
                             ": b\r\n", "no colon\r\n", "A: b\x01\r\n", "A\x7f: b\r\n", "A(: b\r\n", "A: b\x7f\r\n"}) {
    check_refused(with(fields));
  }
  check_refused(with(std::string("A: b\0c\r\n", 8)));
  check_refused("HTTP/1.1 200 OK\r\nA: b\r\n");
  check_refused("HTTP/1.1 200 OK\r\n\r\nmore");
}

TEST_CASE("a Content-Length is one plain number, perhaps several times") {
  for (const char* good : {"10", "10, 10", "10\r\nContent-Length: 10", " 10 ", "0", "9223372036854775807"}) {
    CAPTURE(good);
    CHECK(parse_head(with(fmt::format("Content-Length: {}\r\n", good))).ok());
  }
  for (const char* bad : {"abc", "-1", "+5", "1e6", "", "0x10", "10, 11", "10\r\nContent-Length: 11", "10,",
                          "9223372036854775808", "18446744073709551616", "1 0"}) {
    check_refused(with(fmt::format("Content-Length: {}\r\n", bad)));
  }
}

TEST_CASE("a Transfer-Encoding is chunked, once, alone, in HTTP/1.1") {
  CHECK(parse_head(with("Transfer-Encoding: Chunked\r\n"))->framing == Framing::chunked);
  for (const char* bad :
       {"gzip, chunked", "identity", "chunked, chunked", "chunked\r\nTransfer-Encoding: chunked", "gzip", ""}) {
    check_refused(with(fmt::format("Transfer-Encoding: {}\r\n", bad)));
  }
  check_refused(with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"));
  check_refused("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST_CASE("some statuses have no body whatever their fields say") {
  for (const int status : {100, 103, 204, 304}) {
    CAPTURE(status);
    const auto head = parse_head(fmt::format("HTTP/1.1 {} X\r\nContent-Length: 5\r\n\r\n", status));
    REQUIRE(head.ok());
    CHECK(head->framing == Framing::none);
  }
}

TEST_CASE("whether the connection persists") {
  const auto keeps = [](const std::string& text) { return parse_head(text)->keep_alive; };
  CHECK(keeps("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"));
  CHECK_FALSE(keeps("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive, Close\r\n\r\n"));
  CHECK_FALSE(keeps("HTTP/1.1 200 OK\r\n\r\n"));
  CHECK_FALSE(keeps("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n"));
  CHECK(keeps("HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: Keep-Alive\r\n\r\n"));
}

TEST_CASE("the end of a head is found at every split") {
  const std::string head = with("A: b\r\nC: d\r\n");
  for (std::size_t size = 0; size < head.size(); ++size) CHECK(*find_head_end(head.substr(0, size)) == 0);
  CHECK(*find_head_end(head + "body\r\n\r\n") == head.size());
}

TEST_CASE("a head that can't become one is refused early") {
  CHECK_FALSE(find_head_end("G").ok());
  CHECK_FALSE(find_head_end("HTTP/2").ok());
  CHECK_FALSE(find_head_end("HTTP/1.1 200 OK\n").ok());
  CHECK_FALSE(find_head_end("HTTP/1.1 " + std::string(kMaxStatusLine, '2')).ok());
  CHECK_FALSE(find_head_end("HTTP/1.1 200 OK\r\nA: " + std::string(kMaxHeadBytes, 'x')).ok());
  std::string lines = "HTTP/1.1 200 OK\r\n";
  for (std::size_t i = 1; i < kMaxHeadLines; ++i) lines += "A: b\r\n";
  CHECK(*find_head_end(lines + "\r\n") == lines.size() + 2);
  CHECK_FALSE(find_head_end(lines + "A: b\r\n\r\n").ok());
}
