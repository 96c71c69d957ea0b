// Which lookups of a name are made, and which callers wait for them.
#include "io/net/resolver.h"
#include "io/base/descriptor.h"
#include "io/http/http_transport.h"
#include "support/fake_clock.h"
#include "support/loopback_address.h"
#include "support/loopback_origin.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <netdb.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

using namespace segdl;
using namespace segdl::test;
using std::chrono::milliseconds;

namespace {

io::LookUp loopback(std::uint16_t port) { return {{loopback_address<io::Address>(port)}, 0}; }

Origin named(const std::string& host) { return {false, host, 80}; }

// A resolver whose lookups are counted, and may be held back.
struct Side {
  explicit Side(int failure = 0) : code(failure) {}

  io::LookUp look_up(std::uint16_t port) {
    ++asked;
    if (held) held->wait();
    return code == 0 ? loopback(port) : io::LookUp{{}, code};
  }

  Result<std::vector<io::Address>> resolve(const std::string& host, std::stop_token stop = {}) {
    return resolver.resolve(named(host), {stop, io::deadline_after(milliseconds(60'000), "not found within", {})});
  }

  int code;
  std::atomic<int> asked{0};
  std::shared_ptr<std::latch> held = nullptr;
  FakeClock clock;
  io::Resolver resolver{[this](const std::string&, std::uint16_t port) { return look_up(port); }, clock};
};

}  // namespace

TEST_CASE("a name is asked for again after a minute, and not before") {
  Side side;
  for (int i = 0; i < 3; ++i) CHECK(side.resolve("a.test")->size() == 1);
  side.clock.advance(std::chrono::seconds(59));
  CHECK(side.resolve("a.test").ok());
  CHECK(side.asked == 1);
  side.clock.advance(std::chrono::seconds(1));
  CHECK(side.resolve("a.test").ok());
  CHECK(side.asked == 2);
  CHECK(side.resolve("b.test").ok());
  CHECK(side.asked == 3);
}

TEST_CASE("many who want one name at once wait for one look-up") {
  Side side;
  side.held = std::make_shared<std::latch>(1);
  std::atomic<int> found{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 64; ++i) {
      threads.emplace_back([&] {
        const auto got = side.resolve("a.test");
        if (got.ok() && got->size() == 1) ++found;
      });
    }
    side.held->count_down();
  }
  CHECK(found == 64);
  CHECK(side.asked == 1);
}

TEST_CASE("who gives up waiting leaves the look-up to the others") {
  Side side;
  side.held = std::make_shared<std::latch>(1);
  std::stop_source stop;
  std::atomic<bool> found{false};
  std::jthread patient([&] { found = side.resolve("a.test").ok(); });
  std::jthread stopper([&] { stop.request_stop(); });
  CHECK(side.resolve("a.test", stop.get_token()).error().cause == Cause::cancelled);
  side.held->count_down();
  patient.join();
  CHECK(found);
  CHECK(side.asked == 1);
}

TEST_CASE("a failure is not remembered") {
  for (const int code : {EAI_NONAME, EAI_AGAIN}) {
    Side side(code);
    CHECK_FALSE(side.resolve("a.test").ok());
    side.code = 0;
    CHECK(side.resolve("a.test").ok());
    CHECK(side.asked == 2);
  }
}

TEST_CASE("more look-ups at once than the bound are refused, and can be tried again") {
  Side side;
  side.held = std::make_shared<std::latch>(1);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 64; ++i) {
    threads.emplace_back([&side, i] { CHECK(side.resolve(fmt::format("{}.test", i)).ok()); });
  }
  while (side.asked < 64) std::this_thread::yield();
  const auto refused = side.resolve("last.test");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().remedy == Remedy::retry);
  side.held->count_down();
  threads.clear();
  CHECK(side.resolve("last.test").ok());
}

TEST_CASE("addresses that can't be reached are asked for again, those that can are not") {
  // Bound and not listening: no other program gets the port, and connections to it are refused.
  const io::Descriptor bound(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto address = loopback_address<io::Address>(0);
  REQUIRE(::bind(bound.get(), reinterpret_cast<const ::sockaddr*>(&address.storage), address.size) == 0);
  REQUIRE(::getsockname(bound.get(), reinterpret_cast<::sockaddr*>(&address.storage), &address.size) == 0);
  const std::uint16_t dead_port = ntohs(reinterpret_cast<const ::sockaddr_in&>(address.storage).sin_port);
  OriginScript script;
  script.size(100);
  LoopbackOrigin origin(script);
  std::atomic<int> asked{0};
  FakeClock clock;
  const auto transport =
      std::move(*io::make_http_transport({}, clock, {{}, [&](const std::string&, std::uint16_t port) {
                                                       ++asked;
                                                       return loopback(port);
                                                     }}));
  const auto get = [&](std::uint16_t port) {
    return transport->get({*parse_url(fmt::format("http://a.test:{}/f", port)), {}}, {}, {}).ok();
  };
  for (int i = 0; i < 3; ++i) CHECK_FALSE(get(dead_port));
  CHECK(asked == 3);
  for (int i = 0; i < 3; ++i) CHECK(get(origin.port()));
  CHECK(asked == 4);
  CHECK(origin.connections() == 3);
}
