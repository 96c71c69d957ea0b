#include "io/net/connection.h"

#include "io/base/retried.h"
#include "io/base/system_error.h"
#include "io/net/socks.h"
#include "io/net/tunnel.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>
#include <vector>

namespace segdl::io {
namespace {

Result<Dialled> reach(const Origin& origin, Resolver& resolver, const StoppableWait& wait) {
  auto addresses = resolver.resolve(origin, wait);
  if (!addresses) return std::move(addresses).error();
  auto dialled = dial(origin, *addresses, wait);
  if (!dialled && dialled.error().cause == Cause::network && !is_shortage(dialled.error())) resolver.forget(origin);
  return dialled;
}

Result<void> secure(std::optional<TlsChannel>& place, Result<TlsChannel> channel, const StoppableWait& wait) {
  if (!channel) return std::move(channel).error();
  place = std::move(*channel);
  return place->handshake(wait);
}

}  // namespace

void Connection::put_last(Resolver& resolver) const {
  if (way_.proxy == nullptr) resolver.put_last(way_.origin, address_);
}

Result<std::unique_ptr<Connection>> Connection::begin(const Way& way, Resolver& resolver, TlsContext* tls,
                                                      const StoppableWait& wait) {
  auto dialled = reach(way.first(), resolver, wait);
  if (!dialled) {
    Error error = std::move(dialled).error();
    return way.proxy != nullptr ? on_way_to_proxy(*way.proxy, std::move(error)) : error;
  }
  std::unique_ptr<Connection> connection(new Connection(way, std::move(*dialled)));
  if (way.proxy == nullptr || !way.proxy->origin.secure) return connection;
  auto channel = tls->channel(way.proxy->origin, TlsSocket{connection->socket_.get()}, wait);
  if (channel) channel->show_no_certificate();
  auto secured = secure(connection->proxy_tls_, std::move(channel), wait);
  if (!secured) return on_way_to_proxy(*way.proxy, std::move(secured).error());
  return connection;
}

// Connects through a proxy that takes addresses. It reports for each whether it can be reached; each try takes a new
// connection.
Result<std::unique_ptr<Connection>> Connection::through_socks(const Way& way, Resolver& resolver,
                                                              const StoppableWait& wait) {
  std::vector<Address> addresses;
  const bool by_name = way.proxy->kind == ProxyKind::socks5h;
  if (!by_name) {
    auto found = resolver.resolve(way.origin, wait);
    if (!found) return std::move(found).error();
    addresses = std::move(*found);
  }
  for (std::size_t next = 0;;) {
    auto connection = begin(way, resolver, nullptr, wait);
    if (!connection) return connection;
    auto opened = open_socks(**connection, by_name ? nullptr : &addresses[next], wait);
    if (opened) return connection;
    const bool more = ++next < addresses.size() && !wait.is_late();
    if (!more || opened.error().cause != Cause::network) return std::move(opened).error();
  }
}

Result<std::unique_ptr<Connection>> Connection::open(const Way& way, ProxyLogin& login, const Means& means,
                                                     const StoppableWait& wait) {
  const auto& [resolver, tls] = means;
  if (way.origin.secure || way.first().secure) tls->prepare();
  auto connection = way.by_socks() ? through_socks(way, resolver, wait) : begin(way, resolver, tls, wait);
  if (!connection || !way.origin.secure) return connection;
  if (way.tunnelled()) {
    auto through = open_tunnel(**connection, login, wait);
    if (!through) return std::move(through).error();
  }
  Connection& made = **connection;
  const TlsSocket below = made.proxy_tls_ ? made.proxy_tls_->inside() : TlsSocket{made.socket_.get()};
  auto secured = secure(made.tls_, tls->channel(way.origin, below, wait), wait);
  if (secured) return connection;
  if (secured.error().cause == Cause::network) made.put_last(resolver);
  return std::move(secured).error();
}

Result<std::size_t> Connection::receive(std::span<std::byte> into, const StoppableWait& wait) {
  if (wait.stopped()) return wait.for_ready(socket_.get(), 0).error();
  // If bytes keep arriving nothing is ever waited for: the deadline holds all the same.
  if (wait.is_late()) return wait.deadline().error("receive");
  // The response to a request just sent can't be there yet: receiving first would waste a system call.
  if (std::exchange(asked_, false) && !(tls() != nullptr && tls()->has_pending())) {
    auto waited = wait.for_ready(socket_.get(), POLLIN);
    if (!waited) return std::move(waited).error();
  }
  if (tls() != nullptr) return tls()->receive(into, wait);
  for (;;) {
    const auto got = retried([&] { return ::recv(socket_.get(), into.data(), into.size(), 0); });
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EAGAIN) return network_error("receive", "", system_words(errno));
    auto waited = wait.for_ready(socket_.get(), POLLIN);
    if (!waited) return std::move(waited).error();
  }
}

Result<void> Connection::await(const StoppableWait& wait) {
  if (tls_ && tls_->has_pending()) return {};
  auto waited = wait.for_ready(socket_.get(), POLLIN);
  if (waited) asked_ = false;
  return waited;
}

Result<void> Connection::send(std::string_view bytes, const StoppableWait& wait) {
  asked_ = true;
  if (tls() != nullptr) return tls()->send(bytes, wait);
  while (!bytes.empty()) {
    const auto sent = retried([&] { return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); });
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno != EAGAIN) return network_error("send", "", system_words(errno));
    auto ready = wait.for_ready(socket_.get(), POLLOUT);
    if (!ready) return ready;
  }
  return {};
}

bool Connection::is_quiet() {
  if (tls() != nullptr) return tls()->is_quiet();
  char byte = 0;
  const auto got = ::recv(socket_.get(), &byte, 1, MSG_PEEK);
  return got < 0 && errno == EAGAIN;
}

}  // namespace segdl::io
