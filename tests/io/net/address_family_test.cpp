// One family of addresses only: which are connected to, and the error if there are none.
#include "io/http/http_transport.h"
#include "support/fake_clock.h"
#include "support/loopback_address.h"
#include "support/loopback_origin.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <netdb.h>

#include <memory>
#include <string>

using namespace segdl;
using namespace segdl::test;

namespace {

// One origin at 127.0.0.1 and another at ::1, on one port; both.test is both.
struct Scene {
  OriginScript four_script;
  OriginScript six_script;
  LoopbackOrigin four{(four_script.size(4), four_script)};
  LoopbackOrigin six{(six_script.size(6), six_script), {.port = four.port(), .family = Loopback::v6}};
  FakeClock clock;

  // How long the body is, or the error's message.
  std::string get(AddressFamily family, const std::string& host, const std::string& proxy = "") {
    NetworkOptions network;
    network.addresses = family;
    network.http_proxy = proxy;
    const auto transport = std::move(
        *io::make_http_transport({}, clock, {network, [](const std::string& name, std::uint16_t port) -> io::LookUp {
                                               const auto v4 = loopback_address<io::Address>(port);
                                               const auto v6 = loopback_address<io::Address>(port, true);
                                               if (name == "both.test") return {{v6, v4}, 0};
                                               if (name == "four.test") return {{v4}, 0};
                                               return {{}, EAI_NONAME};
                                             }}));
    const auto got = transport->get({*parse_url(fmt::format("http://{}:{}/", host, four.port())), {}}, {}, {});
    return got ? std::to_string((*got)->head().content_length) : got.error().message();
  }
};

}  // namespace

TEST_CASE("of a host's addresses those of the wanted family are used") {
  Scene place;
  CHECK(place.get(AddressFamily::v4, "both.test") == "4");
  CHECK(place.get(AddressFamily::v6, "both.test") == "6");
  CHECK(place.get(AddressFamily::any, "both.test") == "6");
  CHECK(place.get(AddressFamily::v4, "127.0.0.1") == "4");
  CHECK(place.get(AddressFamily::v6, "[::1]") == "6");
}

TEST_CASE("a host without an address of the wanted family is told as that") {
  Scene place;
  CHECK(place.get(AddressFamily::v6, "four.test") ==
        "look up four.test: unknown host, or one that has no IPv6 address");
  CHECK(place.get(AddressFamily::v6, "127.0.0.1") == "look up 127.0.0.1: it is no IPv6 address");
  CHECK(place.get(AddressFamily::v4, "[::1]") == "look up ::1: it is no IPv4 address");
  CHECK(place.get(AddressFamily::any, "none.test") == "look up none.test: unknown host");
}

TEST_CASE("with a proxy it is the proxy's address that counts") {
  Scene place;
  const std::string proxy = fmt::format("http://both.test:{}", place.four.port());
  place.get(AddressFamily::v4, "[::1]", proxy);
  CHECK(place.four.connections() == 1);
  place.get(AddressFamily::v6, "127.0.0.1", proxy);
  CHECK(place.six.connections() == 1);
}

TEST_CASE("the system is asked for addresses of one family only") {
  for (const io::Address& address : io::system_look_up(AddressFamily::v4)("localhost", 80).addresses) {
    CHECK(address.storage.ss_family == AF_INET);
  }
  const auto six = io::system_look_up(AddressFamily::v6)("localhost", 80);
  for (const io::Address& address : six.addresses) CHECK(address.storage.ss_family == AF_INET6);
}
