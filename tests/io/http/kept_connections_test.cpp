// Which connections are kept for later requests, and what happens when descriptors run out.
#include "io/http/http_transport.h"
#include "support/fake_clock.h"
#include "support/loopback_origin.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <fcntl.h>
#include <netdb.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

using namespace segdl;
using namespace segdl::test;

namespace {

// An origin, and how often it was connected to.
struct Server {
  OriginScript script;
  LoopbackOrigin origin{(script.size(1000), script)};
};

struct Side {
  explicit Side(std::size_t kept = io::ConnectionOptions().kept)
      : transport(std::move(*io::make_http_transport({}, clock, {{}, {}, kept}))) {}

  Result<std::unique_ptr<Exchange>> get(const Server& place) {
    return transport->get({*parse_url(place.origin.url("/f")), {}}, {}, {});
  }

  // Reads the body to its end, so that the connection can be kept.
  static bool finish(Result<std::unique_ptr<Exchange>> exchange) {
    std::vector<std::byte> piece(1000);
    while (exchange.ok()) {
      const auto got = (*exchange)->read(piece);
      if (!got.ok()) return false;
      if (*got == 0) return true;
    }
    return false;
  }

  FakeClock clock;
  std::unique_ptr<Transport> transport;
};

// clang's check of dynamic types opens a pipe to look whether an object can be read, and reports the object where none
// can be had.
#if defined(__clang__)
constexpr bool kChecksTypesByPipes = __has_feature(undefined_behavior_sanitizer);
#else
constexpr bool kChecksTypesByPipes = false;
#endif

// No descriptor can be opened as long as this lives, except in place of one that is closed.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(next);
    ::rlimit less = before_;
    less.rlim_cur = static_cast<::rlim_t>(next);
    ::setrlimit(RLIMIT_NOFILE, &less);
  }
  ~NoMoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;

 private:
  ::rlimit before_{};
};

}  // namespace

TEST_CASE("as many connections are kept as were used at once") {
  Server place;
  Side side;
  for (int round = 0; round < 3; ++round) {
    std::vector<Result<std::unique_ptr<Exchange>>> at_once;
    for (int i = 0; i < 100; ++i) at_once.push_back(side.get(place));
    for (auto& exchange : at_once) CHECK(Side::finish(std::move(exchange)));
  }
  CHECK(place.origin.connections() == 100);
}

TEST_CASE("a connection that may be one too many for the server is not kept") {
  for (const int status : {404, 403, 429, 503}) {
    CAPTURE(status);
    Server place;
    place.script.on(1, [status](Answer& answer) { answer.status(status); });
    Side side;
    CHECK(Side::finish(side.get(place)));
    CHECK(Side::finish(side.get(place)));
    CHECK(place.origin.connections() == 2);
  }
}

TEST_CASE("a connection that refused is kept where what is left of the answer was read away") {
  for (const int status : {404, 403}) {
    CAPTURE(status);
    Server place;
    place.script.on(1, [status](Answer& answer) { answer.status(status); });
    Side side;
    {
      auto refused = side.get(place);
      REQUIRE(refused.ok());
      (*refused)->skip_rest();
    }
    CHECK(Side::finish(side.get(place)));
    CHECK(place.origin.connections() == (status == 404 ? 1 : 2));
  }
}

TEST_CASE("the connection that was used longest ago makes room for another") {
  Server first;
  Server second;
  Server third;
  Side side(2);
  for (const Server* place : {&first, &second, &third}) {
    CHECK(Side::finish(side.get(*place)));
    side.clock.advance(std::chrono::milliseconds(1));
  }
  for (const Server* place : {&third, &second, &first}) CHECK(Side::finish(side.get(*place)));
  CHECK(first.origin.connections() == 2);
  CHECK(second.origin.connections() == 1);
  CHECK(third.origin.connections() == 1);
}

TEST_CASE("a connection is not used any more after a minute without use") {
  Server place;
  Side side;
  CHECK(Side::finish(side.get(place)));
  side.clock.advance(std::chrono::seconds(60));
  CHECK(Side::finish(side.get(place)));
  CHECK(place.origin.connections() == 1);
  side.clock.advance(std::chrono::seconds(61));
  CHECK(Side::finish(side.get(place)));
  CHECK(place.origin.connections() == 2);
}

TEST_CASE("where descriptors have run out the error says so and may pass" * doctest::skip(kChecksTypesByPipes)) {
  Server place;
  Side side;
  const NoMoreDescriptors none;
  const auto got = side.get(place);
  REQUIRE_FALSE(got.ok());
  CHECK(got.error().cause == Cause::network);
  CHECK(got.error().remedy == Remedy::retry);
  CHECK(got.error().operation == "connect to");
  CHECK(got.error().reason == "Too many open files");
  CHECK(got.error().hints == Hints{Hint::use_fewer_connections, Hint::raise_descriptor_limit});
}

TEST_CASE("where descriptors have run out a host is not called unknown" * doctest::skip(kChecksTypesByPipes)) {
  const NoMoreDescriptors none;
  const io::LookUp found = io::system_look_up(AddressFamily::any)("nobody.invalid", 80);
  CHECK(found.code == EAI_SYSTEM);
  CHECK(found.number == EMFILE);
}

TEST_CASE("where descriptors have run out kept connections make room" * doctest::skip(kChecksTypesByPipes)) {
  Server left;
  Server wanted;
  Side side;
  {
    auto one = side.get(left);
    auto two = side.get(left);  // the server is in this process: it too needs a descriptor to accept
    CHECK(Side::finish(std::move(one)));
    CHECK(Side::finish(std::move(two)));
  }
  const NoMoreDescriptors none;
  CHECK(Side::finish(side.get(wanted)));
}
