// What every Transport does, checked on the fake one and on the real one over loopback. Both play the same scripts.
#include "io/http_transport.h"
#include "io/real_clock.h"
#include "support/fake_origin.h"
#include "support/loopback_origin.h"
#include "support/pattern.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <memory>
#include <numeric>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 300'000;

// A transport and the URL of the script it leads to.
struct FakeSide {
  OriginScript script;
  FakeClock clock;
  std::unique_ptr<Transport> transport = std::make_unique<FakeOrigin>(script, clock);
  Url url = *parse_url("http://origin.test/f");
  Instant now() { return clock.now(); }
};

struct RealSide {
  OriginScript script;
  LoopbackServer server{[this](int socket) { serve_script(script, socket); }};
  std::unique_ptr<Clock> clock = io::make_real_clock();
  std::unique_ptr<Transport> transport = std::move(*io::make_http_transport({}, *clock));
  Url url = *parse_url(fmt::format("http://127.0.0.1:{}/f", server.port()));
  Instant now() { return clock->now(); }
};

Limits quick() {
  Limits limits;
  limits.idle = limits.head = std::chrono::milliseconds(200);
  return limits;
}

struct Read {
  std::vector<std::byte> body;
  std::optional<Error> error;
};

Read read_all(Exchange& exchange) {
  Read result;
  std::vector<std::byte> piece(10'000);
  for (;;) {
    const auto got = exchange.read(piece);
    if (!got) {
      result.error = got.error();
      return result;
    }
    if (*got == 0) return result;
    result.body.insert(result.body.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(*got));
  }
}

std::vector<std::byte> part(std::uint64_t begin, std::uint64_t end) {
  std::vector<std::byte> bytes(end - begin);
  fill_pattern(bytes, 1, begin);
  return bytes;
}

}  // namespace

TEST_CASE_TEMPLATE("a range arrives with its head and ends", Side, FakeSide, RealSide) {
  Side side;
  side.script.size(kSize);
  auto exchange = side.transport->get({side.url, {{"Range", "bytes=1000-99999"}}}, quick(), {});
  REQUIRE(exchange.ok());
  const ResponseHead& head = (*exchange)->head();
  CHECK(head.status == 206);
  CHECK(*head.find("content-range") == "bytes 1000-99999/300000");
  CHECK(head.framing == Framing::length);
  CHECK(head.content_length == 99'000);
  const Read got = read_all(**exchange);
  CHECK_FALSE(got.error);
  CHECK(got.body == part(1000, 100'000));
  std::byte byte{};
  CHECK(*(*exchange)->read(std::span(&byte, 1)) == 0);
}

TEST_CASE_TEMPLATE("the request's fields arrive", Side, FakeSide, RealSide) {
  Side side;
  side.script.size(10);
  REQUIRE(side.transport->get({side.url, {{"X-One", "1"}, {"X-Two", "a, b"}}}, quick(), {}).ok());
  const auto log = side.script.log();
  REQUIRE(log.size() == 1);
  CHECK(log[0].target == "/f");
  CHECK(*log[0].find("X-One") == "1");
  CHECK(*log[0].find("X-Two") == "a, b");
}

TEST_CASE_TEMPLATE("chunks are taken off", Side, FakeSide, RealSide) {
  Side side;
  side.script.size(kSize).no_ranges().on_every([](Answer& answer, const Asking&) { answer.chunked(); });
  auto exchange = side.transport->get({side.url, {}}, quick(), {});
  REQUIRE(exchange.ok());
  CHECK((*exchange)->head().framing == Framing::chunked);
  const Read got = read_all(**exchange);
  CHECK_FALSE(got.error);
  CHECK(got.body == part(0, kSize));
}

TEST_CASE_TEMPLATE("without framing the end of the connection ends the body", Side, FakeSide, RealSide) {
  Side side;
  side.script.size(kSize).no_ranges().on_every([](Answer& answer, const Asking&) { answer.until_close(); });
  auto exchange = side.transport->get({side.url, {}}, quick(), {});
  REQUIRE(exchange.ok());
  CHECK((*exchange)->head().framing == Framing::until_close);
  const Read got = read_all(**exchange);
  CHECK_FALSE(got.error);
  CHECK(got.body == part(0, kSize));
}

TEST_CASE_TEMPLATE("a cut body gives what came and then an error to retry", Side, FakeSide, RealSide) {
  for (const bool chunked : {false, true}) {
    Side side;
    side.script.size(kSize).cut_at(123'456).on_every([chunked](Answer& answer, const Asking&) {
      if (chunked) answer.chunked();
    });
    auto exchange = side.transport->get({side.url, {}}, quick(), {});
    REQUIRE(exchange.ok());
    const Read got = read_all(**exchange);
    REQUIRE(got.error);
    CHECK(got.error->cause == Cause::network);
    CHECK(got.error->remedy == Remedy::retry);
    CHECK(got.body == part(0, 123'456));
  }
}

TEST_CASE_TEMPLATE("a stalled body gives what came and then an error to retry", Side, FakeSide, RealSide) {
  Side side;
  side.script.size(kSize).stall_at(1234);
  const Instant begun = side.now();
  auto exchange = side.transport->get({side.url, {}}, quick(), {});
  REQUIRE(exchange.ok());
  const Read got = read_all(**exchange);
  REQUIRE(got.error);
  CHECK(got.error->cause == Cause::network);
  CHECK(got.error->remedy == Remedy::retry);
  CHECK(got.body == part(0, 1234));
  CHECK(side.now() - begun >= quick().idle);
}

TEST_CASE_TEMPLATE("an empty body and a refusal end at once", Side, FakeSide, RealSide) {
  for (const int status : {204, 404}) {
    Side side;
    side.script.size(kSize).on_every([status](Answer& answer, const Asking&) {
      answer.status(status);
      if (status == 204) answer.head.framing = Framing::none;
    });
    auto exchange = side.transport->get({side.url, {}}, quick(), {});
    REQUIRE(exchange.ok());
    CHECK((*exchange)->head().status == status);
    CHECK(read_all(**exchange).body.empty());
  }
}

TEST_CASE_TEMPLATE("a stop request ends it before and during", Side, FakeSide, RealSide) {
  Side side;
  side.script.size(kSize).stall_at(1000);
  std::stop_source stop;
  auto exchange = side.transport->get({side.url, {}}, Limits{}, stop.get_token());
  REQUIRE(exchange.ok());
  stop.request_stop();
  const Read got = read_all(**exchange);
  REQUIRE(got.error);
  CHECK(got.error->cause == Cause::cancelled);
  const auto refused = side.transport->get({side.url, {}}, Limits{}, stop.get_token());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().cause == Cause::cancelled);
}

TEST_CASE_TEMPLATE("the deadline holds for everything together", Side, FakeSide, RealSide) {
  Side side;
  side.script.size(kSize).stall_at(1000, 9);
  Limits limits;
  limits.deadline = side.now() + std::chrono::milliseconds(100);
  limits.idle = std::chrono::milliseconds(300);
  auto exchange = side.transport->get({side.url, {}}, limits, {});
  REQUIRE(exchange.ok());
  const Read got = read_all(**exchange);
  REQUIRE(got.error);
  CHECK(got.error->cause == Cause::network);
  const auto late = side.transport->get({side.url, {}}, limits, {});
  CHECK_FALSE(late.ok());
}
