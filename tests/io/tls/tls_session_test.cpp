// Which connections resume a TLS session, and which never do.
#include "io/base/real_clock.h"
#include "io/http/http_transport.h"
#include "support/loopback_address.h"
#include "support/loopback_server.h"
#include "support/test_certificates.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

using namespace segdl;
using namespace segdl::test;

namespace {

// A TLS server that closes each connection behind its answer and remembers whether its session was resumed.
class Server {
 public:
  explicit Server(std::shared_ptr<::SSL_CTX> context)
      : context_(std::move(context)), server_([this](int socket) { serve(socket); }) {}

  std::uint16_t port() const { return server_.port(); }

  // "full" or "resumed" for each connection since the last time.
  std::vector<std::string> handshakes() {
    const std::lock_guard lock(mutex_);
    return std::exchange(handshakes_, {});
  }

  // Whatever tickets it has given, it can't read them any more.
  void lose_ticket_keys() {
    std::array<unsigned char, 80> keys{};
    REQUIRE(SSL_CTX_set_tlsext_ticket_keys(context_.get(), keys.data(), keys.size()) == 1);
  }

 private:
  void serve(int socket) {
    const std::unique_ptr<::SSL, decltype(&::SSL_free)> ssl(::SSL_new(context_.get()), ::SSL_free);
    ::SSL_set_fd(ssl.get(), socket);
    if (::SSL_accept(ssl.get()) != 1) return;
    {
      const std::lock_guard lock(mutex_);
      handshakes_.emplace_back(::SSL_session_reused(ssl.get()) == 1 ? "resumed" : "full");
    }
    char bytes[4096];
    ::SSL_read(ssl.get(), bytes, sizeof bytes);
    const std::string answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";
    ::SSL_write(ssl.get(), answer.data(), static_cast<int>(answer.size()));
    ::SSL_shutdown(ssl.get());
  }

  std::shared_ptr<::SSL_CTX> context_;
  std::mutex mutex_;
  std::vector<std::string> handshakes_;
  LoopbackServer server_;  // last: its threads use the rest
};

io::LookUp to_loopback(const std::string&, std::uint16_t port) { return {{loopback_address<io::Address>(port)}, 0}; }

// An authority, and clients that trust it or, if insecure, any peer.
struct World {
  World() { authority.write_pem(ca_file()); }
  ~World() { std::filesystem::remove_all(directory); }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  std::filesystem::path ca_file() const { return directory / "ca.pem"; }

  std::shared_ptr<::SSL_CTX> context(const std::string& names, int version = 0) const {
    CertificateWish wish;
    wish.alternative_names = names;
    wish.newest_version = version;
    return authority.server_context(wish);
  }

  std::unique_ptr<Transport> client(bool insecure = false) {
    io::TrustOptions trust;
    if (!insecure) trust.ca_file = ca_file();
    trust.insecure = insecure;
    return std::move(*io::make_http_transport(trust, *clock, {{}, to_loopback}));
  }

  static std::filesystem::path make_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "segdl-session-XXXXXX").string();
    return ::mkdtemp(name.data());
  }

  std::filesystem::path directory = make_directory();
  TestAuthority authority;
  std::unique_ptr<Clock> clock = std::make_unique<io::RealClock>();
};

// "hello", or how it failed.
std::string get(Transport& client, const std::string& host, const Server& server) {
  auto got = client.get({*parse_url(fmt::format("https://{}:{}/", host, server.port())), {}}, {}, {});
  if (!got.ok()) return got.error().cause == Cause::tls ? "refused" : got.error().message();
  std::string body(5, '\0');
  std::size_t have = 0;
  while (have < body.size()) {
    const auto more = (*got)->read(std::as_writable_bytes(std::span(body).subspan(have)));
    if (!more.ok() || *more == 0) return "broken";
    have += *more;
  }
  return body;
}

using Handshakes = std::vector<std::string>;

}  // namespace

TEST_CASE("later connections to a server resume a session of an earlier one") {
  World world;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    Server server(world.context("DNS:a.test", version));
    const auto client = world.client();
    for (int i = 0; i < 5; ++i) CHECK(get(*client, "a.test", server) == "hello");
    CHECK(server.handshakes() == Handshakes{"full", "resumed", "resumed", "resumed", "resumed"});
  }
}

TEST_CASE("a server without tickets resumes by session identifier") {
  World world;
  const auto context = world.context("DNS:a.test", TLS1_2_VERSION);
  ::SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
  Server server(context);
  const auto client = world.client();
  for (int i = 0; i < 3; ++i) CHECK(get(*client, "a.test", server) == "hello");
  CHECK(server.handshakes() == Handshakes{"full", "resumed", "resumed"});
}

TEST_CASE("a session is never offered under another name") {
  World world;
  Server server(world.context("DNS:a.test,DNS:b.test"));
  const auto client = world.client();
  CHECK(get(*client, "a.test", server) == "hello");
  CHECK(get(*client, "b.test", server) == "hello");
  CHECK(get(*client, "a.test", server) == "hello");
  CHECK(server.handshakes() == Handshakes{"full", "full", "resumed"});
}

TEST_CASE("a session made with one host does not make another one trusted") {
  World world;
  Server server(world.context("DNS:a.test"));
  const auto client = world.client();
  CHECK(get(*client, "a.test", server) == "hello");
  CHECK(get(*client, "b.test", server) == "refused");
  CHECK(get(*client, "a.test", server) == "hello");
}

TEST_CASE("a session made without checking is not known where certificates are checked") {
  World world;
  Server server(world.context("DNS:other.test"));
  const auto careless = world.client(true);
  for (int i = 0; i < 2; ++i) CHECK(get(*careless, "a.test", server) == "hello");
  CHECK(server.handshakes() == Handshakes{"full", "resumed"});
  CHECK(get(*world.client(), "a.test", server) == "refused");
}

TEST_CASE("a server that can't resume any more gets a full handshake") {
  World world;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    Server server(world.context("DNS:a.test", version));
    const auto client = world.client();
    CHECK(get(*client, "a.test", server) == "hello");
    server.lose_ticket_keys();
    for (int i = 0; i < 3; ++i) CHECK(get(*client, "a.test", server) == "hello");
    const auto handshakes = server.handshakes();
    REQUIRE(handshakes.size() == 4);
    CHECK(handshakes[1] == "full");
    CHECK(handshakes[3] == "resumed");
  }
}

TEST_CASE("many connections at once resume one server's sessions") {
  World world;
  Server server(world.context("DNS:a.test"));
  const auto client = world.client();
  CHECK(get(*client, "a.test", server) == "hello");
  server.handshakes();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i) threads.emplace_back([&] { CHECK(get(*client, "a.test", server) == "hello"); });
  }
  CHECK(server.handshakes() == Handshakes(16, "resumed"));
}
