// Which certificates are accepted: those that OpenSSL's own checks accept, and no others.
#include "io/base/real_clock.h"
#include "io/http/http_transport.h"
#include "support/loopback_address.h"
#include "support/loopback_origin.h"
#include "support/pattern.h"
#include "support/test_certificates.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

using namespace segdl;
using namespace segdl::test;

namespace {

// Whatever the name, it leads to the loopback.
io::LookUp to_loopback(const std::string&, std::uint16_t port) { return {{loopback_address<io::Address>(port)}, 0}; }

// A server with such a certificate, and a client that trusts an authority.
struct Side {
  explicit Side(const CertificateWish& wish, bool known = true, bool insecure = false)
      : origin(script, {.tls = authority.server_context(wish)}) {
    script.size(1000);
    (known ? authority : TestAuthority()).write_pem(ca_file());
    io::TrustOptions trust;
    trust.ca_file = ca_file();
    trust.insecure = insecure;
    transport = std::move(*io::make_http_transport(trust, *clock, {{}, to_loopback}));
  }
  ~Side() { std::filesystem::remove_all(directory); }
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;

  std::filesystem::path ca_file() const { return directory / "ca.pem"; }

  Result<std::unique_ptr<Exchange>> get(const std::string& host) {
    const auto url = parse_url(fmt::format("https://{}:{}/f", host, origin.port()));
    return transport->get({*url, {}}, {}, {});
  }

  static std::filesystem::path make_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "segdl-certificate-XXXXXX").string();
    return ::mkdtemp(name.data());
  }

  std::filesystem::path directory = make_directory();
  TestAuthority authority;
  OriginScript script;
  LoopbackOrigin origin;
  std::unique_ptr<Clock> clock = std::make_unique<io::RealClock>();
  std::unique_ptr<Transport> transport;
};

struct Row {
  const char* what;
  CertificateWish wish;
  std::string host = "localhost";
};

CertificateWish names(std::string alternative, std::string common = "segdl test") {
  CertificateWish wish;
  wish.alternative_names = std::move(alternative);
  wish.common_name = std::move(common);
  return wish;
}

CertificateWish days(int from, int to) {
  CertificateWish wish;
  wish.valid_from_days = from;
  wish.valid_to_days = to;
  return wish;
}

}  // namespace

TEST_CASE("a certificate for this host or address from a trusted authority is accepted") {
  for (const Row& row :
       {Row{"a name", {}}, Row{"an address", {}, "127.0.0.1"}, Row{"another case", names("DNS:LocalHost")},
        Row{"a wildcard for one label", names("DNS:*.example.test"), "www.example.test"}}) {
    CAPTURE(row.what);
    Side side(row.wish);
    auto got = side.get(row.host);
    REQUIRE(got.ok());
    std::vector<std::byte> body(1000);
    std::size_t have = 0;
    while (have < body.size()) have += *(*got)->read(std::span(body).subspan(have));
    CHECK(body == pattern_bytes(1, 1000));
  }
}

TEST_CASE("any other certificate ends it for good") {
  CertificateWish self_signed;
  self_signed.self_signed = true;
  for (const Row& row : {Row{"expired", days(-30, -1)}, Row{"not valid yet", days(1, 30)},
                         Row{"self-signed", self_signed}, Row{"another host", names("DNS:other.test")},
                         Row{"another address", names("DNS:localhost,IP:127.0.0.2"), "127.0.0.1"},
                         Row{"an address as a name", names("DNS:127.0.0.1"), "127.0.0.1"},
                         Row{"only a common name", names("", "localhost"), "localhost"},
                         Row{"a common name beside other names", names("DNS:other.test", "localhost")},
                         Row{"a wildcard for everything", names("DNS:*"), "localhost"},
                         Row{"a wildcard for a top-level domain", names("DNS:*.test"), "example.test"},
                         Row{"a partial wildcard", names("DNS:w*.example.test"), "www.example.test"},
                         Row{"a wildcard for two labels", names("DNS:*.example.test"), "a.b.example.test"}}) {
    CAPTURE(row.what);
    Side side(row.wish);
    const auto got = side.get(row.host);
    REQUIRE_FALSE(got.ok());
    CHECK(got.error().cause == Cause::tls);
    CHECK(got.error().remedy == Remedy::stop);
    CHECK(side.script.log().empty());
  }
}

TEST_CASE("an authority that is not trusted counts for nothing") {
  Side side({}, false);
  const auto got = side.get("localhost");
  REQUIRE_FALSE(got.ok());
  CHECK(got.error().cause == Cause::tls);
}

TEST_CASE("where no certificates are named those of the system count") {
  Side side({});
  REQUIRE(::setenv("SSL_CERT_FILE", side.ca_file().c_str(), 1) == 0);  // where OpenSSL finds them
  side.transport = std::move(*io::make_http_transport({}, *side.clock, {{}, to_loopback}));
  CHECK(side.get("localhost").ok());
  REQUIRE(::unsetenv("SSL_CERT_FILE") == 0);
  side.transport = std::move(*io::make_http_transport({}, *side.clock, {{}, to_loopback}));
  CHECK(side.get("localhost").error().cause == Cause::tls);
}

TEST_CASE("on demand nothing is checked") {
  Side side(names("DNS:other.test"), false, true);
  CHECK(side.get("localhost").ok());
}

TEST_CASE("a server that speaks only what is older than TLS 1.2 is refused") {
  CertificateWish wish;
  wish.newest_version = TLS1_1_VERSION;
  Side side(wish);
  const auto got = side.get("localhost");
  REQUIRE_FALSE(got.ok());
  CHECK(got.error().cause == Cause::tls);
}
