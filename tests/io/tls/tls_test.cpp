// TLS where an embedder's process is at stake, and where a body's end is.
#include "io/tls/tls.h"
#include "io/base/descriptor.h"
#include "io/base/real_clock.h"
#include "io/base/stoppable_wait.h"
#include "io/http/http_transport.h"
#include "io/tls/tls_bio.h"
#include "support/loopback_origin.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr unsigned kFlood = 100'000;  // several times what sockets hold

// With a certificate of its own making.
std::shared_ptr<::SSL_CTX> make_context() {
  std::shared_ptr<::SSL_CTX> context(::SSL_CTX_new(::TLS_server_method()), ::SSL_CTX_free);
  std::unique_ptr<::EVP_PKEY, decltype(&::EVP_PKEY_free)> key(::EVP_EC_gen("P-256"), ::EVP_PKEY_free);
  std::unique_ptr<::X509, decltype(&::X509_free)> certificate(::X509_new(), ::X509_free);
  ::X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  ::X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  ::X509_set_pubkey(certificate.get(), key.get());
  ::X509_sign(certificate.get(), key.get(), ::EVP_sha256());
  REQUIRE(::SSL_CTX_use_certificate(context.get(), certificate.get()) == 1);
  REQUIRE(::SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1);
  return context;
}

// A TLS server with such a certificate; `serve` gets the open channel.
class TlsServer {
 public:
  explicit TlsServer(std::function<void(::SSL*, int socket)> serve)
      : context_(make_context()), serve_(std::move(serve)), server_([this](int socket) { run(socket); }) {}

  std::string url() const { return fmt::format("https://127.0.0.1:{}/", server_.port()); }

 private:
  void run(int socket) {
    const std::unique_ptr<::SSL, decltype(&::SSL_free)> ssl(::SSL_new(context_.get()), ::SSL_free);
    ::SSL_set_fd(ssl.get(), socket);
    if (::SSL_accept(ssl.get()) == 1) serve_(ssl.get(), socket);
  }

  std::shared_ptr<::SSL_CTX> context_;
  std::function<void(::SSL*, int)> serve_;
  LoopbackServer server_;  // last: its threads use the rest
};

void read_request_from(::SSL* ssl) {
  char bytes[4096];
  ::SSL_read(ssl, bytes, sizeof bytes);
}

void answer(::SSL* ssl, const std::string& text) { ::SSL_write(ssl, text.data(), static_cast<int>(text.size())); }

struct Side {
  std::unique_ptr<Clock> clock = std::make_unique<io::RealClock>();
  std::unique_ptr<Transport> transport = std::move(*io::make_http_transport({{}, {}, true}, *clock));
  Result<std::unique_ptr<Exchange>> get(const TlsServer& server) {
    return transport->get({*parse_url(server.url()), {}}, {}, {});
  }
};

std::string body_of(Exchange& exchange) {
  std::string body;
  char piece[100];
  for (;;) {
    const auto got = exchange.read(std::as_writable_bytes(std::span(piece)));
    if (!got) return body + "|broken";
    if (*got == 0) return body;
    body.append(piece, *got);
  }
}

// The records that `make` makes. Made before they are sent, so that they come faster than they can be taken.
std::string records_of(::SSL* ssl, const std::function<void()>& make) {
  ::BIO* wire = ::SSL_get_wbio(ssl);
  ::BIO_up_ref(wire);
  ::BIO* memory = ::BIO_new(::BIO_s_mem());
  ::SSL_set0_wbio(ssl, memory);
  make();
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  std::string records(bytes, static_cast<std::size_t>(size));
  ::SSL_set0_wbio(ssl, wire);
  return records;
}

// Tickets for other sessions.
void add_tickets(::SSL* ssl, unsigned count) {
  while (count-- > 0 && ::SSL_new_session_ticket(ssl) == 1 && ::SSL_do_handshake(ssl) == 1) continue;
}

}  // namespace

TEST_CASE("a peer that resets while a TLS request is written does not kill the process") {
  const bool set = std::signal(SIGPIPE, SIG_DFL) != SIG_ERR;
  REQUIRE(set);
  // Requests of a megabyte: the peer is gone while they are still being written. A reset after its FIN is what makes
  // Linux say EPIPE, and raise SIGPIPE, instead of ECONNRESET.
  TlsServer server([](::SSL*, int socket) {
    ::shutdown(socket, SHUT_WR);
    reset(socket);
  });
  Side side;
  for (int i = 0; i < 20; ++i) {
    HttpRequest request{*parse_url(server.url()), {{"X-Long", std::string(1'000'000, 'x')}}};
    const auto got = side.transport->get(request, {}, {});
    REQUIRE_FALSE(got.ok());
    CHECK(got.error().cause == Cause::network);
    CHECK(got.error().remedy == Remedy::retry);
  }
}

TEST_CASE("without a length, close_notify ends a body and a bare end breaks it") {
  const std::string text = "HTTP/1.1 200 OK\r\n\r\nhello";
  TlsServer orderly([&](::SSL* ssl, int) {
    read_request_from(ssl);
    answer(ssl, text);
    ::SSL_shutdown(ssl);
  });
  TlsServer bare([&](::SSL* ssl, int socket) {
    read_request_from(ssl);
    answer(ssl, text);
    ::shutdown(socket, SHUT_WR);
  });
  Side side;
  auto whole = side.get(orderly);
  REQUIRE(whole.ok());
  CHECK(body_of(**whole) == "hello");
  auto broken = side.get(bare);
  REQUIRE(broken.ok());
  CHECK(body_of(**broken) == "hello|broken");
}

TEST_CASE("an end during the handshake may pass") {
  LoopbackServer server([](int) {});
  Side side;
  const auto got = side.transport->get({*parse_url(fmt::format("https://127.0.0.1:{}/", server.port())), {}}, {}, {});
  REQUIRE_FALSE(got.ok());
  CHECK(got.error().cause == Cause::network);
  CHECK(got.error().remedy == Remedy::retry);
}

TEST_CASE("a TLS connection is kept for the next request") {
  int handshakes = 0;
  TlsServer server([&](::SSL* ssl, int) {
    ++handshakes;
    for (int i = 0; i < 3; ++i) {
      read_request_from(ssl);
      answer(ssl, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    }
  });
  Side side;
  for (int i = 0; i < 3; ++i) {
    auto got = side.get(server);
    REQUIRE(got.ok());
    CHECK(body_of(**got) == "hello");
  }
  CHECK(handshakes == 1);
}

TEST_CASE("a flood of tickets ends as silence does") {
  std::promise<bool> taken;
  TlsServer server([&](::SSL* ssl, int socket) {
    read_request_from(ssl);
    taken.set_value(send_all(socket, records_of(ssl, [&] {
                               answer(ssl, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell");
                               add_tickets(ssl, kFlood);
                             })));
  });
  Limits limits;
  limits.idle = std::chrono::milliseconds(50);
  limits.head = std::chrono::minutes(5);  // the flood is made first, which a sanitizer makes slow
  Side side;
  {
    auto got = side.transport->get({*parse_url(server.url()), {}}, limits, {});
    REQUIRE(got.ok());
    CHECK(body_of(**got) == "hell|broken");
  }
  CHECK_FALSE(taken.get_future().get());
}

TEST_CASE("what comes between the bytes of one read is bounded for all of them together") {
  // Packets: each recv gets one record, so that their number is known.
  int pair[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
  const io::Descriptor ours(pair[0]);
  const io::Descriptor theirs(pair[1]);
  REQUIRE(::fcntl(ours.get(), F_SETFL, O_NONBLOCK) == 0);
  const ::timeval patience{20, 0};
  REQUIRE(::setsockopt(theirs.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
  const std::shared_ptr<::SSL_CTX> context = make_context();
  ::SSL_CTX_set_read_ahead(context.get(), 1);  // or the rest of a packet is lost
  std::promise<void> sent;
  const std::jthread server([&] {
    const std::unique_ptr<::SSL, decltype(&::SSL_free)> ssl(::SSL_new(context.get()), ::SSL_free);
    ::SSL_set_fd(ssl.get(), theirs.get());
    if (::SSL_accept(ssl.get()) == 1) {
      for (int i = 0; i < 8; ++i) {
        answer(ssl.get(), "x");
        add_tickets(ssl.get(), 10);
      }
    }
    sent.set_value();
  });
  const auto tls = std::move(*io::TlsContext::create({{}, {}, true}));
  const std::stop_token never;
  const io::StoppableWait wait(never, io::deadline_after(std::chrono::seconds(60), "nothing within", {}));
  auto channel = std::move(*tls->channel({true, "a.test", 443}, io::TlsSocket{ours.get()}, wait));
  REQUIRE(channel.handshake(wait).ok());
  sent.get_future().wait();
  std::byte bytes[8];
  std::size_t total = 0;
  while (total < 8) {
    const auto got = channel.receive(bytes, wait);
    REQUIRE(got.ok());
    CHECK(*got <= 3);  // 16 reads, 11 for a byte
    total += *got;
  }
}

TEST_CASE("what breaks a connection is told though bytes came before it") {
  TlsServer server([&](::SSL* ssl, int socket) {
    read_request_from(ssl);
    const std::string begin = records_of(ssl, [&] { answer(ssl, "HTTP/1.1 200 OK\r\n\r\nhello"); });
    const std::string forged("\x17\x03\x03\x00\x20", 5);
    send_all(socket, begin + forged + std::string(32, 'x'));
  });
  Side side;
  auto got = side.get(server);
  REQUIRE(got.ok());
  std::byte piece[100];
  const auto first = (*got)->read(piece);
  REQUIRE(first.ok());
  CHECK(*first == 5);
  const auto next = (*got)->read(piece);
  REQUIRE_FALSE(next.ok());
  CHECK(next.error().reason == "the secure connection broke: decryption failed or bad record mac");
}

TEST_CASE("a connection with half a record behind its answer is not kept") {
  std::atomic<int> handshakes = 0;
  TlsServer server([&](::SSL* ssl, int socket) {
    ++handshakes;
    read_request_from(ssl);
    std::string records = records_of(ssl, [&] {
      answer(ssl, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
      answer(ssl, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong");
    });
    const std::size_t half = records.size() - 20;
    send_all(socket, records.substr(0, half));
    read_request_from(ssl);
    send_all(socket, records.substr(half));
  });
  Side side;
  for (int i = 0; i < 2; ++i) {
    auto got = side.get(server);
    REQUIRE(got.ok());
    CHECK(body_of(**got) == "hello");
  }
  CHECK(handshakes == 2);
}

TEST_CASE("a call of OpenSSL reads no more often than it may") {
  int pair[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
  REQUIRE(::send(pair[1], "abc", 3, 0) == 3);
  io::TlsSocket socket{pair[0], 2};
  const std::unique_ptr<::BIO, decltype(&::BIO_free)> bio(io::make_socket_bio(socket), ::BIO_free);
  char byte = 0;
  CHECK(::BIO_read(bio.get(), &byte, 1) == 1);
  CHECK(::BIO_read(bio.get(), &byte, 1) == 1);
  CHECK(::BIO_read(bio.get(), &byte, 1) <= 0);
  CHECK(BIO_should_read(bio.get()));
  socket.reads_left = 1;
  CHECK(::BIO_read(bio.get(), &byte, 1) == 1);
  CHECK(byte == 'c');
  ::close(pair[0]);
  ::close(pair[1]);
}
