// What is left out of a head while it arrives.
#include "core/http/http_head.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

using namespace segdl;

namespace {

const std::string kStatus = "HTTP/1.1 200 OK\r\n";

// The head as it is read where it arrives in such pieces.
Result<ResponseHead> arrived(const std::string& wire, const std::function<std::size_t()>& piece) {
  HeadEnd head_end(0);
  std::string held;
  for (std::size_t at = 0; at < wire.size();) {
    const std::size_t count = std::min(piece(), wire.size() - at);
    held += wire.substr(at, count);
    at += count;
    const auto end = head_end.find(held);
    if (!end) return end.error();
    if (*end > 0) return parse_head(std::string_view(held).substr(0, *end));
    const auto left = head_end.shorten(held);
    if (!left) return left.error();
    held.resize(*left);
  }
  return unreadable("it has not ended");
}

std::string shortened(std::string head) {
  HeadEnd head_end(0);
  REQUIRE(*head_end.find(head) == 0);
  head.resize(*head_end.shorten(head));
  return head;
}

// All that is read of it, in words.
std::string meaning(const Result<ResponseHead>& head) {
  if (!head) return head.error().reason;
  std::string all = fmt::format("{} {} {} {} {}|", head->status, static_cast<int>(head->framing), head->content_length,
                                head->keep_alive, head->chunked_twice);
  for (const std::string_view what : head->tolerated) all += fmt::format("{}|", what);
  for (const Field& field : head->fields) {
    if (field.name.starts_with("X")) continue;
    all += fmt::format("{}={}|", field.name, field.value);
  }
  return all;
}

}  // namespace

TEST_CASE("fields that nobody reads are left out of a head that grows long") {
  const std::string first = kStatus + "X: a\r\nX: b\r\n";
  CHECK(shortened(first + "X: c\r\nX: d\r\nX") == first + "X");
  CHECK(shortened(first + "X: c\r\nETag: \"a\"\r\nX: d\r\nX: efgh") == first + "ETag: \"a\"\r\nX:");
  CHECK(shortened(first + "ETag: \"abc") == first + "ETag: \"abc");
  CHECK(shortened(kStatus + "X: abc\r") == kStatus + "X:\r");
  CHECK(shortened(kStatus.substr(0, 12)) == kStatus.substr(0, 12));
}

TEST_CASE("what may mean something stays in a head, also if nobody knows the field") {
  const std::string first = kStatus + "X: a\r\nX: b\r\n";
  for (const std::string line : {"X: c\r\n d\r\n", "X: c\n", "X: \x01\r\n", "X : c\r\n", "no colon\r\n", "X: c\rd\r\n",
                                 "X: c\r\r\n", "Content-Length\x01: 5\r\n", "HTTP/1.1 404 X:\r\n", " : c\r\n"}) {
    CAPTURE(line);
    CHECK(shortened(first + line + "X: e\r\nX") == first + line + (line == "X: c\n" ? "X: e\r\n" : "") + "X");
  }
  // Whether the next line is folded into it has not arrived.
  CHECK(shortened(first + "X: c\r\n") == first + "X: c\r\n");
  CHECK(shortened(first + "X: c\r\n d") == first + "X: c\r\n d");
}

TEST_CASE("a limit on what is kept of a head is passed by one byte or line, and not before") {
  const auto lines = [](std::size_t count) {
    std::string all = kStatus;
    for (std::size_t i = 1; i < count; ++i) all += "Via: b\r\n";
    return all;
  };
  const auto fits = [](std::string head) {
    HeadEnd head_end;
    REQUIRE(*head_end.find(head) == 0);
    return head_end.shorten(head).ok();
  };
  CHECK(fits(lines(kMaxKeptLines)));
  CHECK_FALSE(fits(lines(kMaxKeptLines + 1)));
  const std::string via = kStatus + "Via: ";
  CHECK(fits(via + std::string(kMaxKeptHead - via.size(), 'x')));
  CHECK_FALSE(fits(via + std::string(kMaxKeptHead - via.size() + 1, 'x')));
}

TEST_CASE("a head means the same whatever was left out of it, and however it arrived") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const std::vector<std::string> odd{"X: a\r\n b\r\n",
                                     "X: a\n",
                                     "X: \x01\r\n",
                                     "X : a\r\n",
                                     "no colon\r\n",
                                     "X: a\r\r\n",
                                     " X: a\r\n",
                                     "Connection:\r\n close\r\n",
                                     "Content-Length: 5\r\n",
                                     "Content-Length: 5\n",
                                     "ETag: \"a\"\r\n",
                                     "ETag: \"b\"\n",
                                     "\n",
                                     "HTTP/1.1 404 X\r\n",
                                     "Location: /\r\n",
                                     "Transfer-Encoding: chunked\r\n",
                                     "Set-Cookie: a=b\r\n",
                                     "X: a\rb\r\n"};
  unsigned read = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string wire = random() % 8 == 0 ? "HTTP/1.1 200 OK\n" : kStatus;
    const bool bare = random() % 4 == 0;
    for (auto count = random() % 12; count > 0; --count) {
      if (random() % 5 == 0) {
        wire += odd[random() % odd.size()];
      } else {
        wire += fmt::format("X-{}: {}{}", random() % 100, std::string(random() % 20, 'x'), bare ? "\n" : "\r\n");
      }
    }
    wire += bare && random() % 2 == 0 ? "\n" : "\r\n";
    const auto end = HeadEnd().find(wire);
    const auto whole = !end       ? Result<ResponseHead>(end.error())
                       : *end > 0 ? parse_head(std::string_view(wire).substr(0, *end))
                                  : Result<ResponseHead>(unreadable("it has not ended"));
    const auto most = 1 + random() % 30;
    CAPTURE(wire);
    REQUIRE(meaning(arrived(wire, [&] { return 1 + random() % most; })) == meaning(whole));
    read += whole.ok() ? 1 : 0;
  }
  CHECK(read > 400);
}
