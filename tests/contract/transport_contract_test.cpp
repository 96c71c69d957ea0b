// What every Transport does, checked on the fake one and on the real one over loopback. Both play the same scripts.
#include "contract/transport_sides.h"

#include <doctest/doctest.h>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 300'000;

}  // namespace

TEST_CASE_TEMPLATE("a range arrives with its head and ends", Side, FakeSide, RealSide, TlsSide) {
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

TEST_CASE_TEMPLATE("the request's fields arrive", Side, FakeSide, RealSide, TlsSide) {
  Side side;
  side.script.size(10);
  REQUIRE(side.transport->get({side.url, {{"X-One", "1"}, {"X-Two", "a, b"}}}, quick(), {}).ok());
  const auto log = side.script.log();
  REQUIRE(log.size() == 1);
  CHECK(log[0].target == "/f");
  CHECK(*log[0].find("X-One") == "1");
  CHECK(*log[0].find("X-Two") == "a, b");
}

TEST_CASE_TEMPLATE("chunks are taken off", Side, FakeSide, RealSide, TlsSide) {
  Side side;
  side.script.size(kSize).no_ranges().on_every([](Answer& answer, const Asking&) { answer.chunked(); });
  auto exchange = side.transport->get({side.url, {}}, quick(), {});
  REQUIRE(exchange.ok());
  CHECK((*exchange)->head().framing == Framing::chunked);
  const Read got = read_all(**exchange);
  CHECK_FALSE(got.error);
  CHECK(got.body == part(0, kSize));
}

TEST_CASE_TEMPLATE("without framing the end of the connection ends the body", Side, FakeSide, RealSide, TlsSide) {
  Side side;
  side.script.size(kSize).no_ranges().on_every([](Answer& answer, const Asking&) { answer.until_close(); });
  auto exchange = side.transport->get({side.url, {}}, quick(), {});
  REQUIRE(exchange.ok());
  CHECK((*exchange)->head().framing == Framing::until_close);
  const Read got = read_all(**exchange);
  CHECK_FALSE(got.error);
  CHECK(got.body == part(0, kSize));
}

TEST_CASE_TEMPLATE("a cut body gives what came, in whole chunks, and then an error to retry", Side, FakeSide, RealSide,
                   TlsSide) {
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
    if (!chunked) CHECK(got.body == part(0, 123'456));
    if (chunked) CHECK(got.body == part(0, got.body.size()));
    if (chunked) CHECK(got.body.size() < 123'456);
  }
}

TEST_CASE_TEMPLATE("a stalled body gives what came and then an error to retry", Side, FakeSide, RealSide, TlsSide) {
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

TEST_CASE_TEMPLATE("the rest of a body that is not wanted is not waited for", Side, FakeSide, RealSide, TlsSide) {
  Side side;
  side.script.size(2000).stall_at(1234);
  Limits patient = quick();
  patient.idle = std::chrono::minutes(5);
  const Instant begun = side.now();
  auto exchange = side.transport->get({side.url, {}}, patient, {});
  REQUIRE(exchange.ok());
  (*exchange)->skip_rest();
  CHECK(side.now() - begun < std::chrono::minutes(1));
}

TEST_CASE_TEMPLATE("a reset body gives an error to retry", Side, FakeSide, RealSide, TlsSide) {
  for (const bool framed : {true, false}) {
    Side side;
    side.script.size(kSize).reset_at(123'456).on_every([framed](Answer& answer, const Asking&) {
      if (!framed) answer.until_close();
    });
    auto exchange = side.transport->get({side.url, {}}, quick(), {});
    // The system may throw away what has arrived, even the head.
    std::optional<Error> error;
    if (exchange.ok()) error = read_all(**exchange).error;
    if (!exchange.ok()) error = exchange.error();
    REQUIRE(error);
    CHECK(error->cause == Cause::network);
    CHECK(error->remedy == Remedy::retry);
  }
}

TEST_CASE("without framing only TLS can tell a cut from the end") {
  const auto ends_well = [](auto&& side) {
    side.script.size(kSize).no_ranges().cut_at(1000).on_every(
        [](Answer& answer, const Asking&) { answer.until_close(); });
    auto exchange = side.transport->get({side.url, {}}, quick(), {});
    REQUIRE(exchange.ok());
    const Read got = read_all(**exchange);
    CHECK(got.body == part(0, 1000));
    if (got.error) CHECK(got.error->remedy == Remedy::retry);
    return !got.error;
  };
  CHECK(ends_well(FakeSide()));
  CHECK(ends_well(RealSide()));
  FakeSide secure;
  secure.url = *parse_url("https://origin.test/f");
  CHECK_FALSE(ends_well(secure));
  CHECK_FALSE(ends_well(TlsSide()));
}

TEST_CASE_TEMPLATE("no answer at all is an error to retry", Side, FakeSide, RealSide, TlsSide) {
  for (const WireEnd how : {WireEnd::close, WireEnd::reset, WireEnd::stall}) {
    Side side;
    side.script.size(kSize).on(1, [how](Answer& answer) { answer.silent(how); });
    const Instant begun = side.now();
    const auto exchange = side.transport->get({side.url, {}}, quick(), {});
    REQUIRE_FALSE(exchange.ok());
    CHECK(exchange.error().cause == Cause::network);
    CHECK(exchange.error().remedy == Remedy::retry);
    if (how == WireEnd::stall) CHECK(side.now() - begun >= quick().head);
  }
}

TEST_CASE_TEMPLATE("the body of a refusal can be read", Side, FakeSide, RealSide, TlsSide) {
  Side side;
  side.script.size(kSize).on_every([](Answer& answer, const Asking&) { answer.page(404, 700); });
  auto exchange = side.transport->get({side.url, {{"Range", "bytes=5-9"}}}, quick(), {});
  REQUIRE(exchange.ok());
  CHECK((*exchange)->head().status == 404);
  const Read got = read_all(**exchange);
  CHECK_FALSE(got.error);
  CHECK(got.body == part(0, 700));
}

TEST_CASE_TEMPLATE("a body that crawls is given up, however much framing comes with it", Side, FakeSide, RealSide,
                   TlsSide) {
  struct Crawling {
    std::string wire;  // 1,000 bytes of a body
    std::size_t drip;
  };
  std::string chunks = "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 1000; ++i) chunks += "1;" + std::string(1000, 'x') + "\r\n.\r\n";
  const Crawling rows[] = {{"HTTP/1.1 200 X\r\nContent-Length: 100000\r\n\r\n" + std::string(1000, 'x'), 1},
                           {chunks, 1008}};
  for (const Crawling& row : rows) {
    CAPTURE(row.drip);
    Side side;
    side.script.drip(row.drip, std::chrono::milliseconds(10)).on_every([&](Answer& answer, const Asking&) {
      answer.raw(row.wire);
    });
    Limits limits;
    limits.min_speed = 1024;
    limits.speed_window = std::chrono::milliseconds(100);
    auto exchange = side.transport->get({side.url, {}}, limits, {});
    REQUIRE(exchange.ok());
    const Read got = read_all(**exchange);
    REQUIRE(got.error);
    CHECK(got.error->remedy == Remedy::retry);
    CHECK(got.body.size() < 900);
  }
}

TEST_CASE_TEMPLATE("the deadline holds even while bytes keep coming", Side, FakeSide, RealSide, TlsSide) {
  Side side;
  side.script.size(1'000'000'000'000).drip(16 * 1024, std::chrono::milliseconds(1));
  Limits limits;
  limits.deadline = side.now() + std::chrono::milliseconds(300);
  auto exchange = side.transport->get({side.url, {}}, limits, {});
  REQUIRE(exchange.ok());
  std::vector<std::byte> piece(1000);  // smaller than what arrives, so that there is always more
  Result<std::size_t> got = std::size_t{1};
  while (got.ok() && *got > 0) got = (*exchange)->read(piece);
  REQUIRE_FALSE(got.ok());
  CHECK(got.error().cause == Cause::network);
  CHECK(side.now() - *limits.deadline < std::chrono::seconds(5));
}

TEST_CASE_TEMPLATE("an empty body and a refusal end at once", Side, FakeSide, RealSide, TlsSide) {
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

TEST_CASE_TEMPLATE("a stop request ends it before and during", Side, FakeSide, RealSide, TlsSide) {
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

TEST_CASE_TEMPLATE("the deadline holds for everything together", Side, FakeSide, RealSide, TlsSide) {
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
