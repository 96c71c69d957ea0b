#include "core/http/http_head.h"
#include "core/http/odd_head.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <string>

using namespace segdl;
using namespace segdl::test;

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
  for (const char* line :
       {"HTTP/ 200 OK", "HTTP 200 OK", "ICYX 200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 099 X",
        "HTTP/1.1 600 X", "HTTP/1.1 999 X", "HTTP/1.1200 OK", "HTTP/1.1 +20 OK", "HTTP/1.x 200 OK", "HTTP/1.1", "ICY",
        " HTTP/1.1 200 OK", "HTTP/1.1 200OK", "200 OK", "<html>"}) {
    check_refused(std::string(line) + "\r\n\r\n");
  }
}

TEST_CASE("field lines that could be read in two ways are refused") {
  for (const char* fields :
       {"A: b\n", "Content-Length : 5\r\n", "Content-\rLength: 5\r\n", "E Tag: \"a\"\r\n", " Content-Length: 5\r\n",
        "\tdate: x\r\n", "Content-Length\r\n", "HTTP/1.1 404 X\r\n", "http/1.1 404 X\r\n", "A: b\nC: d\rE\r\n",
        "A: b\nno colon\r\n", "\r\r\n", "\x01\r\n", "  \r\n", "no colon\x01\r\n", "A: b\r\n\r\r\nbody\r\n"}) {
    check_refused(with(fields));
  }
  check_refused(with(std::string("ETag\0: b\r\n", 10)));
  check_refused("HTTP/1.1 200 OK\r\nA: b\r\n");
  check_refused("HTTP/1.1 200 OK\r\n\r\nmore");
}

TEST_CASE("a Content-Length is one plain number, perhaps several times") {
  for (const char* good : {"10", "10, 10", "10\r\nContent-Length: 10", " 10 ", "0", "9223372036854775807"}) {
    CAPTURE(good);
    CHECK(parse_head(with(fmt::format("Content-Length: {}\r\n", good))).ok());
  }
  for (const char* odd : {"+5", "5,", ",5", "5, , +5", "5\r\nContent-Length:"}) {
    CHECK(tolerated(with(fmt::format("Content-Length: {}\r\n", odd))) ==
          "length 5: a Content-Length that is not written as one");
    CHECK_FALSE(parse_head(with(fmt::format("Content-Length: {}\r\n", odd)))->keep_alive);
  }
  for (const char* bad : {"abc", "-1", "++5", "+", "1e6", "", ",", "0x10", "10, 11", "10\r\nContent-Length: 11", "5.0",
                          "9223372036854775808", "18446744073709551616", "1 0", "5 5"}) {
    check_refused(with(fmt::format("Content-Length: {}\r\n", bad)));
  }
}

TEST_CASE("a Transfer-Encoding is chunked or identity, and a coding that is neither is refused") {
  const auto plain = parse_head(with("Transfer-Encoding: Chunked\r\n"));
  CHECK(plain->framing == Framing::chunked);
  CHECK(plain->keep_alive);
  CHECK(plain->tolerated.empty());
  for (const char* bad : {"gzip, chunked", "chunked, gzip", "gzip", "", "chunked,", ",chunked", "chunked;q=1",
                          "chunked\r\nTransfer-Encoding: gzip", "identity, gzip"}) {
    check_refused(with(fmt::format("Transfer-Encoding: {}\r\n", bad)));
  }
}

TEST_CASE("the coding identity is none") {
  const auto tells = [](const char* fields) { return tolerated(with(fields)); };
  CHECK(tells("Transfer-Encoding: Identity\r\nContent-Length: 5\r\n") == "length 5: Transfer-Encoding: identity");
  CHECK(tells("Transfer-Encoding: identity\r\n") == "until close: Transfer-Encoding: identity");
  CHECK(tells("Transfer-Encoding: identity, chunked\r\n") == "chunked: Transfer-Encoding: identity");
}

TEST_CASE("beside chunked a Content-Length is ignored, and the connection not used again") {
  for (const char* fields : {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                             "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n",
                             "Transfer-Encoding: chunked\r\nContent-Length: five\r\n"}) {
    const auto head = parse_head(with(fields));
    REQUIRE(head.ok());
    CHECK(head->framing == Framing::chunked);
    CHECK(head->content_length == 0);
    CHECK_FALSE(head->keep_alive);
    CHECK(tolerated(with(fields)) == "chunked: Content-Length beside chunked");
  }
}

TEST_CASE("chunked with a control character around it is read as such, and the connection not used again") {
  for (const char* value : {"\x0b"
                            "chunked",
                            "chunked\x01"}) {
    const auto head = parse_head(with(fmt::format("Transfer-Encoding: {}\r\n", value)));
    REQUIRE(head.ok());
    CHECK(head->framing == Framing::chunked);
    CHECK_FALSE(head->keep_alive);
  }
  for (const char* value : {"chun\x01ked", "\x01"})
    check_refused(with(fmt::format("Transfer-Encoding: {}\r\n", value)));
}

TEST_CASE("chunked in HTTP/1.0 is read as such, and the connection not used again") {
  const auto head = parse_head("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n");
  REQUIRE(head.ok());
  CHECK(head->framing == Framing::chunked);
  CHECK_FALSE(head->keep_alive);
}

TEST_CASE("chunked that is said twice is told, and the connection not used again") {
  for (const char* value : {"chunked, chunked", "chunked\r\nTransfer-Encoding: chunked"}) {
    const auto head = parse_head(with(fmt::format("Transfer-Encoding: {}\r\n", value)));
    REQUIRE(head.ok());
    CHECK(head->framing == Framing::chunked);
    CHECK(head->chunked_twice);
    CHECK_FALSE(head->keep_alive);
  }
  CHECK_FALSE(parse_head(with("Transfer-Encoding: chunked\r\n"))->chunked_twice);
}

TEST_CASE("the fields of a 2xx to CONNECT frame nothing, those of a refusal do") {
  for (const char* fields : {"Content-Length: 5", "Content-Length: x", "Transfer-Encoding: gzip",
                             "Content-Length: 5\r\nContent-Length: 6\r\nTransfer-Encoding: chunked"}) {
    CAPTURE(fields);
    const auto head = parse_head(with(fmt::format("{}\r\n", fields)), RequestMethod::connect);
    REQUIRE(head.ok());
    CHECK(head->framing == Framing::none);
  }
  CHECK(parse_head("HTTP/1.1 407 X\r\nContent-Length: 5\r\n\r\n", RequestMethod::connect)->framing == Framing::length);
  CHECK_FALSE(parse_head("HTTP/1.1 407 X\r\nContent-Length: x\r\n\r\n", RequestMethod::connect).ok());
}

TEST_CASE("a head whose lines end in LF alone is read, and told") {
  for (const char* wire : {"HTTP/1.1 200 OK\nContent-Length: 5\nA: b\n\n",        // all of them
                           "HTTP/1.1 200 OK\nContent-Length: 5\nA: b\n\r\n",      // but the empty one
                           "HTTP/1.1 200 OK\r\nContent-Length: 5\nA: b\n\n",      // all fields, of a script
                           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n\n",  // the last line
                           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\nC: d\r\n\r\n"}) {
    CAPTURE(wire);
    CHECK(*HeadEnd().find(wire) == std::string_view(wire).size());
    CHECK(tolerated(wire) == "length 5: lines of its head that end in a bare LF");
  }
}

TEST_CASE("a head does not end behind a bare LF that may be part of a value") {
  for (const char* wire : {"HTTP/1.1 200 OK\r\nA: b\r\nC: d\n\n", "HTTP/1.1 200 OK\r\nA: b\n\r\n",
                           "HTTP/1.1 200 OK\nA: b\r\nC: d\n\r\n", "HTTP/1.1 200 OK\r\nA: b\nC: d\n\r\n",
                           "HTTP/1.1 200 OK\r\nA: b\r\nC: d\nE: f\n\n", "HTTP/1.1 200 OK\r\nA: b\n\n"}) {
    CAPTURE(wire);
    CHECK_FALSE(HeadEnd().find(wire).ok());
    check_refused(wire);
  }
}

TEST_CASE("a field that decides neither follows nor ends in a bare LF where other lines end in CR LF") {
  for (const char* fields :
       {"A: b\nContent-Length: 5\r\n", "A: b\r\nContent-Length: 5\nC: d\r\n",
        "A: b\r\nC: d\nTransfer-Encoding: chunked\r\n", "Content-Range: bytes 0-1/2\nA: b\r\n", "A: b\nlocation: /\r\n",
        "Location:\r\n /good\n/rest: b\r\n", "A: b\r\nLocation:\n /a\r\n"}) {
    check_refused(with(fields));
  }
  check_refused("HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\n");
}

TEST_CASE("a folded line is one with what is before it, but not inside the value of a field that decides") {
  const auto head = parse_head(with("A: b\r\n \t c \r\n\td\r\nE:\r\n f\r\n \r\n"));
  REQUIRE(head.ok());
  CHECK(*head->find("A") == "b c d");
  CHECK(*head->find("E") == "f");
  CHECK(tolerated(with("A: b\r\n c\r\n")) == "until close: a folded line in its head");
  CHECK(*parse_head(with("Content-Type: text/\r\n plain\x01\r\n"))->find("Content-Type") == "text/ plain\x01");
  CHECK(*parse_head(with("ETag:\r\n \"a\"\r\n"))->find("ETag") == "\"a\"");
  for (const char* name : {"Content-Length", "transfer-encoding", "Content-Range", "Content-Encoding", "Location"}) {
    const bool of_bytes = std::string_view(name).starts_with("Content-");
    const std::string folded = with(fmt::format("{}:\r\n 5\r\n", name));
    if (of_bytes || std::string_view(name) == "transfer-encoding") {
      check_refused(folded);
    } else {
      CHECK(*parse_head(folded)->find(name) == "5");
    }
    check_refused(with(fmt::format("{}: 5\r\n \r\n", name)));
    if (std::string_view(name) == "Location") continue;
    check_refused(with(fmt::format("{}: 5\x01\r\n", name)));
    check_refused(
        with(fmt::format("{}: \x0b"
                         "5\r\n",
                         name)));
  }
}

TEST_CASE("a field whose name can't be one is none that decides") {
  const auto head =
      parse_head(with("N\xe4me: 1\r\nContent-Length(: 7\r\nContent-L\xe4ngth: 8\r\nContent-Length: 5\r\n"));
  REQUIRE(head.ok());
  CHECK(head->content_length == 5);
  CHECK(head->keep_alive);
  for (const char* name : {"(", "", "A ", "A B", "A\x7f", "A\r"}) {
    CHECK(tolerated(with(fmt::format("{}: b\r\n", name))) ==
          "until close: a field of its head whose name can't be one");
  }
}

TEST_CASE("a control character is tolerated where nothing is decided, and where it is escaped") {
  CHECK(*parse_head(with("Location: /\x01\r\n"))->find("Location") == "/\x01");
  for (const char* wire : {"HTTP/1.1 200 \x1b[2J\r\n\r\n", "HTTP/1.1 200 OK\x7f\r\n\r\n"}) {
    CHECK(tolerated(wire) == "until close: a control character in its status line");
  }
  for (const char* fields : {"A: b\x01\r\n", "A: \x7f\r\n", "A: b\r\n \x1b\r\n"}) {
    CAPTURE(fields);
    CHECK(tolerated(with(fields)).find("a control character in a field of its head") != std::string::npos);
  }
}

TEST_CASE("the same field twice is one, two that differ are none") {
  const auto head = parse_head(with("Location: /a\r\nLocation: /a\r\nETag: \"a\"\r\nETag: \"b\"\r\n"));
  REQUIRE(head.ok());
  CHECK(*head->find("Location") == "/a");
  CHECK(head->find("ETag") == nullptr);
  CHECK(tolerated(with("Location: /a\r\nlocation: /a\r\n")) == "until close: a field that is given more than once");
  CHECK(tolerated(with("Set-Cookie: a\r\nSet-Cookie: a\r\n")) == "until close");
}

TEST_CASE("a value may hold obs-text and tabs, a status line too") {
  const auto head = parse_head("HTTP/1.1 200 d\xe9j\xe0\tvu\r\nA: \t b\tc\xff \t\r\nEmpty:\r\n\r\n");
  REQUIRE(head.ok());
  CHECK(*head->find("A") == "b\tc\xff");
  CHECK(head->find("Empty")->empty());
}

TEST_CASE("a status line with a line end in it is refused") {
  for (const char* line : {"200 O\nK", "200\r OK", "200 O\rK\nA: b"}) {
    check_refused(fmt::format("HTTP/1.1 {}\r\nContent-Length: 5\r\n\r\n", line));
  }
}

TEST_CASE("the lists of several fields of one name are one list") {
  const auto head = parse_head(with("A: x,\ty\r\nB: 1\r\na:z\r\n"));
  REQUIRE(head.ok());
  CHECK(head->count("A") == 2);
  CHECK(head->find("A") == nullptr);
  CHECK(head->list("a") == std::vector<std::string_view>{"x", "y", "z"});
  CHECK(head->list("c").empty());
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
  for (std::size_t size = 0; size < head.size(); ++size) CHECK(*HeadEnd().find(head.substr(0, size)) == 0);
  CHECK(*HeadEnd().find(head + "body\r\n\r\n") == head.size());
}

TEST_CASE("a head that can't become one is refused early") {
  CHECK_FALSE(HeadEnd().find("G").ok());
  CHECK_FALSE(HeadEnd().find("HTTQ").ok());
  CHECK_FALSE(HeadEnd().find("HTTP/1.1 200 OK\r\nA: b\n\r\n").ok());
}

TEST_CASE("a head that trickles in is judged at every byte, and each byte looked at once") {
  std::string head = "HTTP/1.1 200 OK\r\n";
  while (head.size() < 300'000) head += "A: " + std::string(400, 'x') + "\r\n";
  head += "\r\n";
  HeadEnd end;
  for (std::size_t size = 0; size < head.size(); ++size) {
    const auto found = end.find(std::string_view(head).substr(0, size));
    if (!found || *found != 0) FAIL(size);
  }
  CHECK(*end.find(head + "body") == head.size());
}

TEST_CASE("where a head ends, or that it can't be one, does not depend on how it arrives") {
  for (const char* wire : {"HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody", "HTTP/1.1 200 OK\nA: b\n\nbody\n\n",
                           "HTTP/1.1 200 OK\r\nA: b\r\nC: d\n\nbody", "HTTP/1.1 200 OK\nA: b\n\r\nbody",
                           "HTTP/1.1 200 OK\r\nA: b\r\n\n", "HTTQ"}) {
    CAPTURE(wire);
    const auto whole = HeadEnd().find(wire);
    HeadEnd end;
    Result<std::size_t> found = std::size_t{0};
    for (std::size_t size = 1; found && *found == 0 && size <= std::string_view(wire).size(); ++size) {
      found = end.find(std::string_view(wire).substr(0, size));
    }
    CHECK(found.ok() == whole.ok());
    if (found && whole) CHECK(*found == *whole);
  }
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
    const auto end = HeadEnd().find(head);
    if (!end || *end == 0) continue;
    const auto parsed = parse_head(std::string_view(head).substr(0, *end));
    if (!parsed) continue;
    const auto lines = std::count(head.begin(), head.begin() + static_cast<std::ptrdiff_t>(*end), '\n');
    if (parsed->fields.size() + 2 > static_cast<std::size_t>(lines)) FAIL(head);
    for (const Field& field : parsed->fields) {
      if (field.name.find_first_of("\n:") != std::string::npos) FAIL(head);
      if (field.value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) FAIL(head);
      const bool doubted = field.name == "ETag" && field.value.starts_with('?');
      const bool decides = field.name == "ETag" || field.name == "Content-Length" || field.name == "Connection";
      if (decides && !doubted && field.value.find_first_of("\x01\x7f") != std::string::npos) FAIL(head);
    }
  }
}
