// Odd heads that are tolerated because no reader can misunderstand them.
#include "core/http/odd_head.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <string>

using namespace segdl;
using namespace segdl::test;

TEST_CASE("a status line of another version is read, and its connection not used again") {
  for (const char* line :
       {"HTTP/2 200", "HTTP/2.0 200 OK", "HTTP/0.9 200 OK", "HTTP/11 200 OK", "HTTP/1. 200 OK", "ICY 200 OK"}) {
    const std::string wire = std::string(line) + "\r\nContent-Length: 5\r\n\r\n";
    CHECK(tolerated(wire) == "length 5: a status line that is not of HTTP/1");
    CHECK_FALSE(parse_head(wire)->keep_alive);
  }
  CHECK(parse_head("http/1.1 200 OK\r\n\r\n")->minor_version == 0);
}

TEST_CASE("a status line may have other blanks, and any control character but an LF in its reason") {
  for (const char* line : {"HTTP/1.1  206 OK", "HTTP/1.1\t206 OK", "HTTP/1.1 206\tOK", "HTTP/1.1 \t 206"}) {
    CHECK(tolerated(std::string(line) + "\r\n\r\n") == "until close: odd blanks in its status line");
  }
  for (const std::string& reason : {std::string("O\rK"), std::string("OK\r"), std::string("O\0K", 3)}) {
    const auto head = parse_head("HTTP/1.1 206 " + reason + "\r\nContent-Length: 5\r\n\r\n");
    REQUIRE(head.ok());
    CHECK(head->content_length == 5);
    CHECK(head->tolerated.size() == 1);
  }
}

TEST_CASE("lines that are no fields are passed over") {
  for (const char* fields : {"no colon\r\n", " A: b\r\n", "\tA: b\r\n\tC: d\r\n", "no colon\r\n folded\r\n"}) {
    const std::string wire = with(fmt::format("{}Content-Length: 5\r\n", fields));
    CHECK(tolerated(wire) == "length 5: a line of its head that is no field");
    CHECK(parse_head(wire)->fields.size() == 1);
  }
  for (const char* line : {"HTTP/1.1 404 Error: not found\r\n", "ICY 404 Not found\r\n", " http/1.1 404 X\r\n",
                           "A: b\r\n\tHTTP/1.1 404 X\r\n", "Content-Length 5\r\n", "Transfer-Encoding chunked\r\n",
                           " Content-Range bytes 5-9/10\r\n"}) {
    check_refused(with(fmt::format("{}Content-Length: 5\r\n", line)));
  }
  CHECK(framing(with("icy-name: x\r\nContent-Length: 5\r\n")) == "length 5");
}

TEST_CASE("a NUL and a bare CR are spaces where nothing is decided, and no line ends") {
  const auto value = [](const std::string& field) { return *parse_head(with("A: " + field + "\r\n"))->find("A"); };
  CHECK(value(std::string("b\0c", 3)) == "b c");
  CHECK(value("b\rContent-Length: 5") == "b Content-Length: 5");
  CHECK(value("b\r\n c\rd") == "b c d");
  CHECK(framing(with("A: b\rContent-Length: 5\r\nContent-Length: 7\r\n")) == "length 7");
  for (const char* name : {"Location", "Content-Length", "Transfer-Encoding", "WWW-Authenticate"}) {
    check_refused(with(fmt::format("{}: a\rb\r\n", name)));
  }
}

TEST_CASE("a validator that is odd is kept to be compared, and proves nothing") {
  const std::string date = "Date: Sun, 06 Nov 2022 08:49:37 GMT\r\n";
  const std::string modified = "Last-Modified: Sun, 06 Nov 2021";
  for (const std::string& odd :
       {std::string("ETag: \"a\"\r\n b\r\n"), std::string("ETag: \"a\"\r\n \r\n"), std::string("ETag: \"a\x01\"\r\n"),
        std::string("ETag: \"a\"\rX: y\r\n"), std::string("ETag: \"a\0\"\r\n", 12),
        std::string("ETag: \"a\"\nA: b\r\n"), std::string("A: b\nETag: \"a\"\r\n"),
        std::string("ETag:\r\n \"a\"\nA: b\r\n"), std::string("A: b\nETag:\r\n \"a\"\r\n"),
        modified + "\r\n 08:49:37 GMT\r\n", modified + "\x0b 08:49:37 GMT\r\n", modified + "\r08:49:37 GMT\r\n",
        modified + " 08:49:37 GMT\nA: b\r\n"}) {
    CAPTURE(odd);
    const auto head = parse_head(with(date + odd));
    REQUIRE(head.ok());
    CHECK_FALSE(head->tolerated.empty());
    const Validator validator = validator_of(*head);
    CHECK_FALSE(validator.strong());
    CHECK_FALSE(strong_date_of(*head).has_value());
    CHECK(validator.value().starts_with('?'));
    CHECK(validator.for_if_range() == nullptr);
  }
  const auto beside = parse_head(with("ETag: \"a\"\r\nETag: \"b\"\rX: y\r\n"));
  REQUIRE(beside.ok());
  CHECK(validator_of(*beside).kind == Validator::Kind::weak_etag);
}

TEST_CASE("what is odd in a field that can be done without leaves it out") {
  for (const char* name : {"Date", "Retry-After", "Connection"}) {
    for (const char* odd : {": a\x01\r\n", ": a\r\n b\r\n", ": a\nA: b\r\n", ":\r\n a\nA: b\r\n", ": a\rb\r\n"}) {
      CAPTURE(odd);
      const auto head = parse_head(with(fmt::format("Content-Length: 5\r\n{}{}", name, odd)));
      REQUIRE(head.ok());
      CHECK(head->find(name) == nullptr);
      CHECK(head->keep_alive == (std::string_view(name) != "Connection"));
      CHECK(head->tolerated.back() == "an odd value of a field of its head, which is left out");
    }
  }
}

TEST_CASE("a coding behind a bare LF may be none: it is kept as one that nobody can undo") {
  CHECK(*parse_head(with("A: b\nContent-Encoding: gzip;\r\n"))->find("Content-Encoding") == "?gzip;");
  CHECK(*parse_head(with("A: b\r\nContent-Encoding: gzip\nC: d\r\n"))->find("Content-Encoding") == "?gzip");
}
