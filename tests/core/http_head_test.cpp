#include "core/http_head.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <random>
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

TEST_CASE("a value may hold obs-text and tabs, a status line too") {
  const auto head = parse_head("HTTP/1.1 200 d\xe9j\xe0\tvu\r\nA: \t b\tc\xff \t\r\nEmpty:\r\n\r\n");
  REQUIRE(head.ok());
  CHECK(*head->find("A") == "b\tc\xff");
  CHECK(head->find("Empty")->empty());
}

TEST_CASE("a status line with control characters is refused") {
  for (const char* line : {"200 O\rK", "200 O\nK", "200 OK\r", "200 \x1b[2J", "200 OK\x7f", "200 \b"}) {
    check_refused(fmt::format("HTTP/1.1 {}\r\nContent-Length: 5\r\n\r\n", line));
  }
}

TEST_CASE("the lists of several fields of one name are one list") {
  const auto head = parse_head(with("A: x, y\r\nB: 1\r\na: z\r\n"));
  REQUIRE(head.ok());
  CHECK(head->count("A") == 2);
  CHECK(head->find("A") == nullptr);
  for (const char* token : {"x", "Y", "z"}) CHECK(head->has_token("a", token));
  for (const char* token : {"", "x, y", "xy", "1"}) CHECK_FALSE(head->has_token("a", token));
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

TEST_CASE("a connection on which bytes of a forbidden body may follow does not persist") {
  const auto keeps = [](const std::string& text) { return parse_head(text)->keep_alive; };
  CHECK(keeps("HTTP/1.1 204 X\r\n\r\n"));
  CHECK(keeps("HTTP/1.1 103 X\r\nLink: x\r\n\r\n"));
  CHECK_FALSE(keeps("HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\n"));
  CHECK_FALSE(keeps("HTTP/1.1 304 X\r\nTransfer-Encoding: chunked\r\n\r\n"));
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

TEST_CASE("each limit is passed by one byte or line and not before") {
  const auto status_line = [](std::size_t size) { return "HTTP/1.1 200 " + std::string(size - 15, 'x') + "\r\n"; };
  CHECK(*find_head_end(status_line(kMaxStatusLine) + "\r\n") == kMaxStatusLine + 2);
  CHECK_FALSE(find_head_end(status_line(kMaxStatusLine + 1) + "\r\n").ok());
  const auto head = [](std::size_t size) {
    return "HTTP/1.1 200 OK\r\nA: " + std::string(size - 17 - 3 - 4, 'x') + "\r\n\r\n";
  };
  CHECK(*find_head_end(head(kMaxHeadBytes) + "body") == kMaxHeadBytes);
  CHECK_FALSE(find_head_end(head(kMaxHeadBytes + 1)).ok());
  // Without waiting for the end of a line.
  CHECK(*find_head_end(status_line(kMaxStatusLine).substr(0, kMaxStatusLine)) == 0);
  CHECK(*find_head_end(head(kMaxHeadBytes).substr(0, kMaxHeadBytes - 1)) == 0);
  CHECK_FALSE(find_head_end("HTTP/1.1 200 OK\r\nA: " + std::string(kMaxHeadBytes - 19, 'x')).ok());
}

TEST_CASE("a head that trickles in is judged at every byte, the largest one too") {
  std::string head = "HTTP/1.1 200 OK\r\n";
  while (head.size() < kMaxHeadBytes - 1000) head += "A: " + std::string(400, 'x') + "\r\n";
  head += "\r\n";
  for (std::size_t size = 0; size < head.size(); ++size) {
    const auto end = find_head_end(std::string_view(head).substr(0, size));
    if (!end || *end != 0) FAIL(size);
  }
  CHECK(*find_head_end(head) == head.size());
}

TEST_CASE("whatever is done to a head, what is accepted is clean") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  constexpr std::string_view kBytes("\r\n\t :,;A5\x01\x7f\xff\0", 13);
  const std::string good = with("Content-Length: 5\r\nETag: \"a\"\r\nConnection: keep-alive\r\nA: b, c\r\n");
  for (int round = 0; round < 20'000; ++round) {
    std::string head = good;
    for (auto changes = 1 + random() % 3; changes > 0; --changes) {
      const std::size_t at = random() % head.size();
      const auto how = random() % 3;
      if (how == 0) head[at] = kBytes[random() % kBytes.size()];
      if (how == 1) head.erase(at, 1);
      if (how == 2) head.insert(at, 1, kBytes[random() % kBytes.size()]);
    }
    const auto end = find_head_end(head);
    if (!end || *end == 0) continue;
    const auto parsed = parse_head(std::string_view(head).substr(0, *end));
    if (!parsed) continue;
    const auto lines = std::count(head.begin(), head.begin() + static_cast<std::ptrdiff_t>(*end), '\n');
    if (parsed->fields.size() + 2 != static_cast<std::size_t>(lines)) FAIL(head);
    for (const Field& field : parsed->fields) {
      if (field.name.empty() || field.name.find_first_of(" \t\r\n:") != std::string::npos) FAIL(head);
      if (field.value.find_first_of(std::string_view("\r\n\x01\x7f\0", 5)) != std::string::npos) FAIL(head);
    }
  }
}
