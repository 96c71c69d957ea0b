// Who is shown the client certificate, and which connections are used again.
#include "io/base/real_clock.h"
#include "io/http/http_transport.h"
#include "support/loopback_server.h"
#include "support/test_certificates.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <fmt/format.h>

#include <openssl/x509.h>

#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

using namespace segdl;
using namespace segdl::test;

namespace {

std::string name_of_peer(const ::SSL* ssl) {
  const std::unique_ptr<::X509, decltype(&::X509_free)> peer(::SSL_get1_peer_certificate(ssl), ::X509_free);
  if (!peer) return "nobody";
  std::array<char, 64> name{};
  ::X509_NAME_get_text_by_NID(::X509_get_subject_name(peer.get()), NID_commonName, name.data(), name.size());
  return name.data();
}

enum class When : std::uint8_t { handshake, request };

// A TLS server that answers each request with the name in the client's certificate.
class Server {
 public:
  Server(std::shared_ptr<::SSL_CTX> context, bool keeps, When asks = When::handshake)
      : context_(std::move(context)), keeps_(keeps), asks_(asks), server_([this](int socket) { serve(socket); }) {}

  std::uint16_t port() const { return server_.port(); }

  // For each connection: whose it is, and whether its session was resumed.
  std::vector<std::string> connections() {
    const std::lock_guard lock(mutex_);
    return connections_;
  }

 private:
  // Only a client that announced post-handshake authentication is asked.
  static std::string ask(::SSL* ssl) {
    ::SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
    if (::SSL_verify_client_post_handshake(ssl) != 1 || ::SSL_do_handshake(ssl) != 1) return "nobody";
    ::SSL_clear_mode(ssl, SSL_MODE_AUTO_RETRY);  // reading comes back when the certificate has been read
    char byte = 0;
    ::SSL_peek(ssl, &byte, 1);
    ::SSL_set_mode(ssl, SSL_MODE_AUTO_RETRY);
    return name_of_peer(ssl);
  }

  void serve(int socket) {
    const std::unique_ptr<::SSL, decltype(&::SSL_free)> ssl(::SSL_new(context_.get()), ::SSL_free);
    ::SSL_set_fd(ssl.get(), socket);
    if (asks_ == When::request) ::SSL_set_verify(ssl.get(), SSL_VERIFY_NONE, nullptr);
    char bytes[4096];
    if (::SSL_accept(ssl.get()) != 1) {
      ::shutdown(socket, SHUT_WR);
      while (::recv(socket, bytes, sizeof bytes, 0) > 0) {  // so that a reset does not lose what was sent
      }
      return;
    }
    std::string peer = name_of_peer(ssl.get());
    {
      const std::lock_guard lock(mutex_);
      connections_.push_back(peer + (::SSL_session_reused(ssl.get()) == 1 ? " resumed" : ""));
    }
    while (::SSL_read(ssl.get(), bytes, sizeof bytes) > 0) {
      if (asks_ == When::request) peer = ask(ssl.get());
      const std::string answer = fmt::format("HTTP/1.1 200 OK\r\nConnection: {}\r\nContent-Length: {}\r\n\r\n{}",
                                             keeps_ ? "keep-alive" : "close", peer.size(), peer);
      ::SSL_write(ssl.get(), answer.data(), static_cast<int>(answer.size()));
      if (!keeps_) break;
    }
    ::SSL_shutdown(ssl.get());
  }

  std::shared_ptr<::SSL_CTX> context_;
  const bool keeps_;
  const When asks_;
  std::mutex mutex_;
  std::vector<std::string> connections_;
  LoopbackServer server_;  // last: its threads use the rest
};

// An authority that both sides trust, and files.
struct World {
  World() { authority.write_pem(directory / "ca"); }
  ~World() { std::filesystem::remove_all(directory); }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  std::filesystem::path put(const std::string& name, const std::string& text) const {
    std::ofstream(directory / name) << text;
    return directory / name;
  }

  std::shared_ptr<::SSL_CTX> server(bool demands, int version = 0) const {
    CertificateWish wish;
    wish.asks_client = true;
    wish.demands_client = demands;
    wish.newest_version = version;
    return authority.server_context(wish);
  }

  Result<std::unique_ptr<Transport>> client(const std::filesystem::path& certificate = {},
                                            const std::filesystem::path& key = {}) {
    io::TrustOptions trust;
    trust.ca_file = directory / "ca";
    trust.certificate = certificate;
    trust.key = key;
    return io::make_http_transport(trust, *clock);
  }

  static std::filesystem::path make_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "segdl-client-XXXXXX").string();
    return ::mkdtemp(name.data());
  }

  std::filesystem::path directory = make_directory();
  TestAuthority authority;
  std::unique_ptr<Clock> clock = std::make_unique<io::RealClock>();
};

// The body, or why there is none.
std::string get(Transport& client, const Server& server, bool certified = true) {
  HttpRequest request{*parse_url(fmt::format("https://127.0.0.1:{}/", server.port())), {}};
  request.certified = certified;
  auto got = client.get(request, {}, {});
  if (!got.ok()) return fmt::format("{}{}", got.error().cause == Cause::tls ? "tls: " : "", got.error().reason);
  std::string body((*got)->head().content_length, '\0');
  std::size_t have = 0;
  for (;;) {
    const auto more = (*got)->read(std::as_writable_bytes(std::span(body.data() + have, body.size() - have + 1)));
    if (!more.ok()) return more.error().reason;
    if (*more == 0) return body;
    have += *more;
  }
}

}  // namespace

TEST_CASE("a server that demands a certificate gets it, whichever file the key is in") {
  World world;
  const auto alice = world.authority.make_client("alice");
  const auto both = world.put("both", alice.key + alice.certificate);
  const auto certificate = world.put("certificate", alice.certificate);
  const auto key = world.put("key", alice.key);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    Server server(world.server(true, version), true);
    CHECK(get(**world.client(both), server) == "alice");
    CHECK(get(**world.client(certificate, key), server) == "alice");
  }
}

TEST_CASE("a server may ask when it sees what is wanted") {
  World world;
  const auto alice = world.authority.make_client("alice");
  const auto both = world.put("both", alice.key + alice.certificate);
  Server server(world.server(false, TLS1_3_VERSION), false, When::request);
  CHECK(get(**world.client(both), server) == "alice");
  CHECK(get(**world.client(), server) == "nobody");
}

TEST_CASE("without the certificate that a server wants it ends for good, and says so") {
  World world;
  Server server(world.server(true, TLS1_3_VERSION), true);
  CHECK(get(**world.client(), server) == "tls: the server requires a client certificate");
  const auto mallory = TestAuthority().make_client("mallory");
  const auto both = world.put("both", mallory.key + mallory.certificate);
  CHECK(get(**world.client(both), server) == "tls: the server does not accept the client certificate");
}

TEST_CASE("connections and sessions with the certificate are not those without") {
  World world;
  const auto alice = world.authority.make_client("alice");
  const auto both = world.put("both", alice.key + alice.certificate);
  const auto ask_all = [&](Server& server) {
    const auto client = std::move(*world.client(both));
    for (int i = 0; i < 2; ++i) {
      CHECK(get(*client, server, true) == "alice");
      CHECK(get(*client, server, false) == "nobody");
    }
    return server.connections();
  };
  Server keeping(world.server(false), true);
  CHECK(ask_all(keeping) == std::vector<std::string>{"alice", "nobody"});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    Server closing(world.server(false, version), false);
    CHECK(ask_all(closing) == std::vector<std::string>{"alice", "nobody", "alice resumed", "nobody resumed"});
  }
}

TEST_CASE("a pipe may hold both a certificate and its key, though it can be read only once") {
  World world;
  const auto alice = world.authority.make_client("alice");
  const std::string both = alice.key + alice.certificate;
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(::write(ends[1], both.data(), both.size()) == static_cast<::ssize_t>(both.size()));
  ::close(ends[1]);
  CHECK(world.client("/dev/fd/" + std::to_string(ends[0])).ok());
  ::close(ends[0]);
}

TEST_CASE("a certificate or key that can't be used is named, with the reason") {
  World world;
  const auto alice = world.authority.make_client("alice");
  const auto certificate = world.put("certificate", alice.certificate);
  const auto problem = [&](const std::filesystem::path& file, const std::filesystem::path& key = {}) {
    const auto client = world.client(file, key);
    REQUIRE_FALSE(client.ok());
    CHECK(client.error().cause == Cause::usage);
    const std::string subject = std::filesystem::path(client.error().subject).filename().string();
    return client.error().operation + " " + subject + ": " + client.error().reason;
  };
  CHECK(problem(world.directory / "none") == "read the certificate none: No such file or directory");
  CHECK(problem(world.put("text", "hello")) == "read the certificate text: it contains none in PEM format");
  CHECK(problem(world.put("key", alice.key)) == "read the certificate key: it contains none in PEM format");
  CHECK(problem(certificate) == "read the key certificate: it contains none in PEM format");
  CHECK(problem(certificate, world.directory / "none") == "read the key none: No such file or directory");
  CHECK(problem(certificate, world.put("other", world.authority.make_client("bob").key)) ==
        "read the key other: it is not that of the certificate " + certificate.string());
  const auto locked = world.authority.make_client("carol", "open sesame");
  CHECK(problem(world.put("carol", locked.certificate), world.put("locked", locked.key)) ==
        "read the key locked: it needs a passphrase, which segdl does not ask for");
}
