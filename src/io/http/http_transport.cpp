#include "io/http/http_transport.h"

#include "core/base/ascii.h"
#include "core/url/proxy.h"
#include "io/base/system_error.h"
#include "io/http/body_reader.h"
#include "io/http/idle_connections.h"
#include "io/http/message.h"
#include "io/net/proxy_login.h"
#include "io/net/tunnel.h"

#include <httplib.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

// The layout of httplib's classes depends on this macro, which must be as it was when the library was built (pkg-config
// --cflags cpp-httplib).
#ifndef CPPHTTPLIB_OPENSSL_SUPPORT
#error "compile with the flags of pkg-config cpp-httplib"
#endif

namespace segdl::io {
namespace {

// The connection as httplib sees it: it writes a request, and reads a head with nothing but the status. The real head
// was read and checked before.
class MessageStream final : public httplib::Stream {
 public:
  MessageStream(Message& message, const HttpRequest& request, std::function<void()> unanswered)
      : message_(message), request_(request), unanswered_(std::move(unanswered)) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  ::socket_t socket() const override { return INVALID_SOCKET; }

  ssize_t write(const char* bytes, std::size_t size) override {
    auto sent = message_.send(as_asked({bytes, size}));
    if (sent) return static_cast<ssize_t>(size);
    answer_ = std::move(sent).error();
    return -1;
  }

  ssize_t read(char* into, std::size_t size) override {
    if (!answer_) answer_ = message_.read_head(unanswered_);
    if (!*answer_) return -1;
    if (canonical_.empty()) canonical_ = fmt::format("HTTP/1.1 {}\r\n\r\n", (*answer_)->status);
    const std::size_t count = std::min(size, canonical_.size() - given_);
    canonical_.copy(into, count, given_);
    given_ += count;
    return static_cast<ssize_t>(count);
  }

  // The head of the response, or the first error.
  Result<ResponseHead> answer() && {
    if (!answer_) return network_error("exchange messages", "", "there was no response");
    return *std::move(answer_);
  }

 private:
  // The head of the request, without the fields that httplib adds by itself.
  std::string as_asked(std::string head) const {
    for (const std::string_view name : {"Accept", "User-Agent"}) {
      const bool asked = std::any_of(request_.fields.begin(), request_.fields.end(),
                                     [&](const Field& field) { return same_text(field.name, name); });
      const auto at = asked ? std::string::npos : head.find(fmt::format("\r\n{}: ", name));
      if (at != std::string::npos) head.erase(at, head.find("\r\n", at + 2) - at);
    }
    return head;
  }

  Message& message_;
  const HttpRequest& request_;
  const std::function<void()> unanswered_;
  std::optional<Result<ResponseHead>> answer_;
  std::string canonical_;
  std::size_t given_ = 0;
};

// Exposes the one protected function that is needed.
class MessageClient final : public httplib::ClientImpl {
 public:
  explicit MessageClient(const Origin& origin) : ClientImpl(origin.host, origin.port) {
    set_url_encode(false);
    set_decompress(false);
    set_follow_location(false);
    set_keep_alive(true);
  }

  // Returns the head of the response; the body is left on the stream.
  Result<ResponseHead> run(MessageStream& stream, httplib::Request& request) {
    try {
      httplib::Response response;
      auto failure = httplib::Error::Success;
      request.response_handler = [](const httplib::Response&) { return false; };  // httplib must not read the body
      process_request(stream, request, response, false, failure);
    } catch (const std::exception& exception) {
      return network_error("exchange messages", "", exception.what());
    }
    return std::move(stream).answer();
  }
};

// Through a proxy the target is the whole URL (RFC 9112 section 3.2.2).
httplib::Request message_for(const HttpRequest& request, const Way& way, ProxyLogin& login) {
  httplib::Request message;
  message.method = "GET";
  message.path = way.forwarded() ? request.url.text() : request.url.target;
  message.headers.emplace("Host", request.url.origin.authority());
  for (const Field& field : request.fields) message.headers.emplace(field.name, field.value);
  if (!way.forwarded()) return message;
  std::string field = login.field(message.method, message.path);
  if (!field.empty()) message.headers.emplace(kProxyLogin.answer, std::move(field));
  return message;
}

// Adds the URL to an error of this exchange.
Error about(Error error, const Url& url) {
  if (error.subject.empty() && error.cause != Cause::cancelled) error.subject = url.shown();
  if (error.operation.empty() && error.cause != Cause::cancelled) error.operation = "get";
  return error;
}

// The arguments of get().
struct Call {
  const HttpRequest& request;
  const Limits& limits;
  const std::stop_token& stop;
};

// Whether the status may mean too many open connections. A refused connection that stays open counts too, and requests
// over it may be refused as long as it does.
// Other refusals may mean the same if the caller does not want to reuse the connection.
bool may_be_too_many(int status) { return status == 403 || status == 429 || status == 503; }

class HttpExchange final : public Exchange {
 public:
  HttpExchange(IdleConnections& idle, Clock& clock, const Call& call)
      : idle_(idle), clock_(clock), url_(call.request.url), limits_(call.limits), stop_(call.stop) {}

  ~HttpExchange() override {
    const bool counts = may_be_too_many(head_.status) || (head_.status >= 400 && !skipped_);
    if (!body_ || !body_->ended_clean() || !head_.keep_alive || counts) return;
    idle_.keep(std::move(connection_), clock_.now());
  }

  bool heard() const { return message_ && message_->heard(); }
  void put_address_last(Resolver& resolver) const { connection_->put_last(resolver); }

  // The time until the response, if there was one.
  std::chrono::nanoseconds latency() const { return latency_; }

  // `patience`: limit of the wait for the first byte.
  Result<void> run(const HttpRequest& request, std::unique_ptr<Connection> connection, ProxyLogin& login,
                   std::optional<std::chrono::milliseconds> patience = std::nullopt) {
    connection_ = std::move(connection);
    message_.emplace(*connection_, stop_, limits_);
    if (patience) message_->hear_within(*patience);
    const Instant asked = std::chrono::steady_clock::now();
    const Way& way = connection_->way();
    // A server with one worker may wait on a connection that is kept here before it serves this one.
    MessageStream stream(*message_, request, [this, &way] { idle_.clear(way); });
    httplib::Request message = message_for(request, way, login);
    auto head = MessageClient(request.url.origin).run(stream, message);
    latency_ = std::chrono::steady_clock::now() - asked;
    if (!head) return about(std::move(head).error(), url_);
    if (way.forwarded()) login.answered(*head);
    if (way.forwarded() && head->status == 407) return about(proxy_refusal(*way.proxy, *head), url_);
    head_ = std::move(*head);
    body_.emplace(*message_, head_, request.joined);
    return {};
  }

  const ResponseHead& head() const override { return head_; }

  Result<std::size_t> read(std::span<std::byte> into) override {
    auto got = body_->read(into);
    if (body_->padded()) head_.tolerate("blanks around the sizes of its chunks");
    if (body_->odd()) head_.tolerate("odd sizes of its chunks");
    if (!got) return about(std::move(got).error(), url_);
    return got;
  }

  bool is_cut() const override { return connection_->is_cut(); }

  void skip_rest() override {
    skipped_ = true;
    if (head_.framing != Framing::length || head_.content_length > kMaxSkipped) return;
    message_->end_by(clock_.now() + kSkipTime);
    std::array<std::byte, 4096> dropped;
    for (auto got = body_->read(dropped); got && *got > 0;) got = body_->read(dropped);
  }

 private:
  IdleConnections& idle_;
  Clock& clock_;
  Url url_;
  Limits limits_;
  std::stop_token stop_;
  std::unique_ptr<Connection> connection_;
  std::optional<Message> message_;
  ResponseHead head_;
  bool skipped_ = false;
  std::optional<BodyReader> body_;
  std::chrono::nanoseconds latency_{0};
};

class HttpTransport final : public Transport {
 public:
  HttpTransport(std::unique_ptr<TlsContext> tls, Clock& clock, ConnectionOptions options)
      : tls_(std::move(tls)),
        proxies_(options.network),
        clock_(clock),
        resolver_(std::move(options.look_up), clock, options.network.addresses),
        idle_(options.kept) {}

  Result<std::unique_ptr<Exchange>> get(const HttpRequest& request, const Limits& limits,
                                        std::stop_token stop) override {
    auto proxy = proxies_.find(request.url.origin);
    if (!proxy) return std::move(proxy).error();
    const Way way{request.url.origin, *proxy};
    ProxyLogin login(logins_, *proxy);
    const Call call{request, limits, stop};
    for (;;) {
      auto exchange = get_by(way, login, call);
      if (exchange || !login.goes_on()) return exchange;
    }
  }

 private:
  Result<std::unique_ptr<Exchange>> get_by(const Way& way, ProxyLogin& login, const Call& call) {
    const auto& [request, limits, stop] = call;
    std::chrono::nanoseconds silence{0};  // time without a response on a kept connection
    if (auto kept = idle_.take(way, clock_.now())) {
      auto exchange = std::make_unique<HttpExchange>(idle_, clock_, call);
      const auto patience = idle_.patience(way);
      auto ran = exchange->run(request, std::move(kept), login, patience);
      if (ran) return answered(way, std::move(exchange), true);
      // The server may have closed the connection while the request was on its way (RFC 9112 section 9.5), or have
      // forgotten it: retried once, which is allowed for a GET (RFC 9110 section 9.2.2).
      const bool unanswered = ran.error().cause == Cause::network && !exchange->heard();
      if (!unanswered || (limits.deadline && clock_.now() >= *limits.deadline)) return std::move(ran).error();
      if (exchange->latency() >= patience) silence = exchange->latency();
    }
    auto exchange = std::make_unique<HttpExchange>(idle_, clock_, call);
    const Deadline opened = deadline_after(limits.connect, "no connection within", limits.deadline);
    auto connection = open(way, login, {stop, opened});
    if (!connection) return about(std::move(connection).error(), request.url);
    auto ran = exchange->run(request, std::move(*connection), login);
    if (!ran) {
      if (ran.error().cause == Cause::network && !exchange->heard()) exchange->put_address_last(resolver_);
      return std::move(ran).error();
    }
    // A server that is as slow on a new connection would have answered on the kept one too.
    if (exchange->latency() < silence && !limits.beside_unread) idle_.spare(way, clock_.now());
    return answered(way, std::move(exchange), false);
  }

  std::unique_ptr<Exchange> answered(const Way& way, std::unique_ptr<HttpExchange> exchange, bool on_kept) {
    idle_.answered(way, exchange->latency(), on_kept);
    return exchange;
  }

  Result<std::unique_ptr<Connection>> open(const Way& way, ProxyLogin& login, const StoppableWait& wait) {
    auto connection = Connection::open(way, login, {resolver_, tls_.get()}, wait);
    // Idle connections are closed to make room for a new one.
    if (connection || !is_shortage(connection.error()) || idle_.clear() == 0) return connection;
    return Connection::open(way, login, {resolver_, tls_.get()}, wait);
  }

  std::unique_ptr<TlsContext> tls_;
  const Proxies proxies_;
  ProxyLogins logins_;
  Clock& clock_;
  Resolver resolver_;
  IdleConnections idle_;
};

class CertifiedTransport final : public Transport {
 public:
  CertifiedTransport(std::unique_ptr<Transport> plain, std::unique_ptr<Transport> certified)
      : plain_(std::move(plain)), certified_(std::move(certified)) {}

  Result<std::unique_ptr<Exchange>> get(const HttpRequest& request, const Limits& limits,
                                        std::stop_token stop) override {
    return (request.certified ? certified_ : plain_)->get(request, limits, std::move(stop));
  }

 private:
  const std::unique_ptr<Transport> plain_;
  const std::unique_ptr<Transport> certified_;
};

}  // namespace

Result<std::unique_ptr<Transport>> make_http_transport(const TrustOptions& trust, Clock& clock,
                                                       ConnectionOptions options) {
  if (!options.look_up) options.look_up = system_look_up(options.network.addresses);
  const auto made = [&](const TrustOptions& trusted) -> Result<std::unique_ptr<Transport>> {
    auto tls = TlsContext::create(trusted);
    if (!tls) return std::move(tls).error();
    return std::unique_ptr<Transport>(std::make_unique<HttpTransport>(std::move(*tls), clock, options));
  };
  auto plain = made({trust.ca_file, trust.ca_path, trust.insecure});
  if (!plain || (trust.certificate.empty() && trust.key.empty())) return plain;
  auto certified = made(trust);
  if (!certified) return certified;
  return std::unique_ptr<Transport>(std::make_unique<CertifiedTransport>(std::move(*plain), std::move(*certified)));
}

}  // namespace segdl::io
