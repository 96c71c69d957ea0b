// Heads that are longer than what is kept of them.
#include "io/net/receive_buffer.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>

using namespace segdl;
using namespace segdl::io;

namespace {

constexpr std::size_t kMaxHeld = 256 * 1024;  // of a head of which nothing need be kept

struct Read {
  Result<ResponseHead> head;
  std::size_t most = 0;  // largest number of bytes held
  std::string behind;    // what is left after the head
};

Read read(const std::string& wire) {
  ReceiveBuffer buffer;
  std::size_t at = 0;
  std::size_t most = 0;
  auto head = read_final_head(buffer, RequestMethod::get, [&](int) -> Result<void> {
    if (at == wire.size()) return Error{};
    const auto room = buffer.room();
    const std::size_t count = std::min({room.size(), wire.size() - at, std::size_t{16 * 1024}});
    std::memcpy(room.data(), wire.data() + at, count);
    buffer.put(count);
    at += count;
    most = std::max(most, buffer.view().size());
    return {};
  });
  std::string behind(buffer.view());
  return {std::move(head), most, behind + wire.substr(at)};
}

std::string lines(std::size_t count, std::string_view pattern = "X-{}: b\r\n") {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += fmt::format(fmt::runtime(pattern), i);
  return all;
}

const std::string kBegin = "HTTP/1.1 200 OK\r\nETag: \"a\"\r\n";
const std::string kEnd = "Content-Length: 5\r\n\r\nhello";

}  // namespace

TEST_CASE("a head may be long and have many lines, and takes no more memory for that") {
  const std::string line = "X: " + std::string(9'000'000, 'x') + "\r\n";
  for (const std::string& what : {line, lines(200'000), line + lines(70'000) + line, lines(20'000) + line + line,
                                  "X: " + std::string(70'000'000, 'x') + "\r\n"}) {
    const Read got = read(kBegin + what + kEnd);
    REQUIRE(got.head.ok());
    CHECK(got.head->find("ETag") != nullptr);
    CHECK(got.head->content_length == 5);
    CHECK(got.head->tolerated.empty());
    CHECK(got.behind == "hello");
    CHECK(got.most <= kMaxHeld);
  }
}

TEST_CASE("of a long head all is kept that somebody reads") {
  for (const std::string name : {"Accept-Ranges",
                                 "Age",
                                 "Authentication-Info",
                                 "Connection",
                                 "Content-Disposition",
                                 "Content-Encoding",
                                 "Content-Range",
                                 "Content-Type",
                                 "Date",
                                 "ETag",
                                 "IM",
                                 "Last-Modified",
                                 "Location",
                                 "Proxy-Authenticate",
                                 "Proxy-Authentication-Info",
                                 "Retry-After",
                                 "Set-Cookie",
                                 "Transfer-Encoding",
                                 "Via",
                                 "WWW-Authenticate"}) {
    CAPTURE(name);
    const std::string value = name == "Transfer-Encoding" ? "chunked" : std::string(100'000, 'v');
    const Read got =
        read("HTTP/1.1 200 OK\r\n" + lines(40'000) + name + ": " + value + "\r\n" + lines(40'000) + "\r\n");
    REQUIRE(got.head.ok());
    REQUIRE(got.head->find(name) != nullptr);
    CHECK(*got.head->find(name) == value);
    CHECK(got.most <= kMaxHeld + 200'000);
  }
}

TEST_CASE("a head whose fields decide much ends somewhere") {
  const std::string head = kBegin + "X: " + std::string(9'000'000, 'x') + "\r\n";
  CHECK(read(head + "Via: " + std::string(7'000'000, 'x') + "\r\n" + kEnd).head.ok());
  const auto longer = read(head + "Via: " + std::string(20'000'000, 'x') + "\r\n" + kEnd);
  REQUIRE_FALSE(longer.head.ok());
  CHECK(longer.head.error().reason == "its head is longer than 8 MiB, without fields that mean nothing here");
  const auto more = read(head + lines(2 * kMaxKeptLines, "Via: {}\r\n") + kEnd);
  REQUIRE_FALSE(more.head.ok());
  CHECK(more.head.error().reason == "its head has more than 65,536 lines, without fields that mean nothing here");
}

TEST_CASE("ten thousand interim responses and more are no reason to give up") {
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += "HTTP/1.1 100 Continue\r\n\r\n";
  const Read got = read(many + kBegin + kEnd);
  CHECK(got.head.ok());
  CHECK(got.most <= kMaxHeld);
}

TEST_CASE("bytes behind an interim response that are no head are not passed over, whatever length it speaks of") {
  for (const std::string body : {"body", "status 200 of 300\r\n\r\n"}) {
    const std::string interim = fmt::format("HTTP/1.1 100 Continue\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
    CHECK_FALSE(read(interim + kBegin + kEnd).head.ok());
  }
}
