// Proxies that speak TLS: their certificate is checked as any, and TLS to an origin goes inside.
#include "io/net/proxied.h"
#include "io/net/scripted_proxy.h"
#include "support/test_certificates.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>

using namespace segdl;
using namespace segdl::test;
using std::chrono::milliseconds;

namespace {

const std::string kTunnel = "HTTP/1.1 200 Connection established\r\n\r\n";
constexpr std::size_t kLarge = 3'000'000;

// TLS in front of what listens at a port of this machine.
class TlsFront {
 public:
  TlsFront(std::uint16_t behind, ::SSL_CTX* tls)
      : behind_(behind), tls_(tls), server_([this](int socket) { serve(socket); }) {}
  std::string address(const std::string& host = "127.0.0.1", const std::string& user = "") const {
    return fmt::format("https://{}{}:{}", user, host, server_.port());
  }

 private:
  void serve(int socket) {
    const std::unique_ptr<::SSL, decltype(&::SSL_free)> ssl(::SSL_new(tls_), ::SSL_free);
    ::SSL_set_fd(ssl.get(), socket);
    if (::SSL_accept(ssl.get()) == 1) {
      relay(socket, ssl.get());
    } else {
      ::shutdown(socket, SHUT_WR);
      std::array<char, 4096> bytes;
      while (::recv(socket, bytes.data(), bytes.size(), 0) > 0) {  // so that a reset does not lose what was sent
      }
    }
    ::ERR_clear_error();
  }

  void relay(int socket, ::SSL* ssl) const {
    const int other = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const io::Address address = Side::loopback(behind_);
    bool open = ::connect(other, reinterpret_cast<const ::sockaddr*>(&address.storage), address.size) == 0;
    std::array<char, 16384> bytes;
    while (open) {
      std::array<::pollfd, 2> both{{{socket, POLLIN, 0}, {other, POLLIN, 0}}};
      if (::SSL_pending(ssl) == 0 && ::poll(both.data(), both.size(), -1) < 0) break;
      std::size_t count = 0;
      if (::SSL_pending(ssl) > 0 || both[0].revents != 0) {
        open = ::SSL_read_ex(ssl, bytes.data(), bytes.size(), &count) == 1 && send_all(other, {bytes.data(), count});
      } else {
        const auto got = ::recv(other, bytes.data(), bytes.size(), 0);
        open = got > 0 && ::SSL_write_ex(ssl, bytes.data(), static_cast<std::size_t>(got), &count) == 1;
      }
    }
    ::SSL_shutdown(ssl);
    ::close(other);
  }

  std::uint16_t behind_;
  ::SSL_CTX* tls_;
  LoopbackServer server_;
};

// An authority that is trusted, in a file.
struct Trusted {
  Trusted() : file(std::filesystem::temp_directory_path() / fmt::format("segdl-proxy-ca-{}", ::getpid())) {
    authority.write_pem(file);
    trust.ca_file = file;
  }
  ~Trusted() { std::filesystem::remove(file); }
  TestAuthority authority;
  std::filesystem::path file;
  io::TrustOptions trust;
};

std::string large() {
  std::string body(kLarge, 'x');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i % 23);
  return body;
}

}  // namespace

TEST_CASE("a plain request goes to the proxy inside TLS, credentials too") {
  const Trusted trusted;
  const auto context = trusted.authority.server_context();
  const std::string body = large();
  ScriptedProxy proxy({fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body)});
  const TlsFront front(proxy.port(), context.get());
  Side side(front.address("127.0.0.1", "user:pass@"), "", trusted.trust);
  CHECK(side.body("http://origin.test/f") == body);
  CHECK(side.body("http://origin.test/f") == body);
  CHECK(proxy.connections() == 1);
  CHECK(proxy.at_proxy(0).starts_with("GET http://origin.test/f HTTP/1.1\r\n"));
  CHECK(proxy.at_proxy(0).find("Proxy-Authorization: Basic dXNlcjpwYXNz\r\n") != std::string::npos);
}

TEST_CASE("an origin's TLS goes inside the proxy's, and both certificates are checked") {
  const Trusted trusted;
  const auto at_proxy = trusted.authority.server_context();
  const auto at_origin = trusted.authority.server_context({.alternative_names = "DNS:origin.test"});
  ScriptedProxy proxy({kTunnel}, at_origin);
  const TlsFront front(proxy.port(), at_proxy.get());
  Side side(front.address(), "", trusted.trust);
  CHECK(side.body("https://origin.test/a") == "hello");
  CHECK(side.body("https://origin.test/b") == "hello");
  CHECK(proxy.requests() == 1);
  CHECK(proxy.at_proxy(0).starts_with("CONNECT origin.test:443 HTTP/1.1\r\n"));
  CHECK(proxy.at_origin(1).starts_with("GET /b HTTP/1.1\r\n"));
  const auto wrong_origin = side.get("https://other.test/");
  REQUIRE_FALSE(wrong_origin.ok());
  CHECK(wrong_origin.error().message() ==
        "open a secure connection to other.test: its certificate is for another host");
  const auto wrong_proxy = Side(front.address("proxy.test"), "", trusted.trust).get("https://origin.test/");
  REQUIRE_FALSE(wrong_proxy.ok());
  CHECK(wrong_proxy.error().cause == Cause::tls);
  CHECK(wrong_proxy.error().message().starts_with("open a secure connection to the proxy proxy.test:"));
  CHECK(Side(front.address(), "", false).get("http://origin.test/").error().cause == Cause::tls);
}

TEST_CASE("a proxy that does not speak TLS, or falls silent in the handshake, is named") {
  ScriptedProxy plain({"HTTP/1.1 400 Bad Request\r\n\r\n"});
  LoopbackServer hangs([](int socket) {
    char byte = 0;
    while (::recv(socket, &byte, 1, 0) > 0) {
    }
  });
  LoopbackServer says([](int socket) {
    send_all(socket, "HTTP/1.1 400 Bad Request\r\n\r\n");
    char bytes[2000];
    ::recv(socket, bytes, sizeof bytes, 0);
  });
  Limits limits;
  limits.connect = milliseconds(150);
  for (const char* url : {"http://origin.test/", "https://origin.test/"}) {
    const auto silent = Side(fmt::format("https://127.0.0.1:{}", hangs.port())).get(url, limits);
    CHECK(silent.error().message() ==
          fmt::format("open a secure connection to the proxy 127.0.0.1:{}: no connection within 0.15 s", hangs.port()));
    const auto speaks = Side(fmt::format("https://127.0.0.1:{}", says.port())).get(url);
    CHECK(speaks.error().cause == Cause::tls);
    CHECK(speaks.error().reason == "the proxy does not speak TLS on this port");
    CHECK(describe(speaks.error().hints).find("its URL should begin with http://") != std::string::npos);
  }
}

TEST_CASE("an international host is asked for, and its certificate checked, by its A-labels") {
  const Trusted trusted;
  const auto at_origin = trusted.authority.server_context({.alternative_names = "DNS:xn--bcher-kva.test"});
  ScriptedProxy proxy({kTunnel}, at_origin);
  Side side(fmt::format("http://127.0.0.1:{}", proxy.port()), "", trusted.trust);
  CHECK(side.body("https://Bücher.test/ü") == "hello");
  CHECK(proxy.at_proxy(0).starts_with("CONNECT xn--bcher-kva.test:443 HTTP/1.1\r\n"));
  CHECK(proxy.at_origin(0).starts_with("GET /%C3%BC HTTP/1.1\r\n"));
  CHECK(proxy.at_origin(0).find("Host: xn--bcher-kva.test\r\n") != std::string::npos);
  const auto other = side.get("https://müller.test/");
  REQUIRE_FALSE(other.ok());
  CHECK(other.error().message().find("its certificate is for another host") != std::string::npos);
}

TEST_CASE("a client certificate is never shown to a proxy") {
  const Trusted trusted;
  const auto client = trusted.authority.make_client("client");
  const auto at_proxy = trusted.authority.server_context({.asks_client = true, .demands_client = true});
  ScriptedProxy proxy({kTunnel});
  const TlsFront front(proxy.port(), at_proxy.get());
  io::TrustOptions trust = trusted.trust;
  trust.certificate = trusted.file.string() + ".client";
  {
    std::ofstream(trust.certificate) << client.certificate << client.key;
    std::filesystem::permissions(trust.certificate,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  const auto got = Side(front.address(), "", trust).get("https://origin.test/");
  std::filesystem::remove(trust.certificate);
  REQUIRE_FALSE(got.ok());
  CHECK(proxy.requests() == 0);
  CAPTURE(got.error().message());
  CHECK(got.error().cause == Cause::tls);
  CHECK(got.error().reason.find("sends none to a proxy") != std::string::npos);
  CHECK(got.error().hints == Hints{Hint::use_other_proxy});
}
