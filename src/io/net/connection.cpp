#include "io/net/connection.h"

#include "io/base/system_error.h"
#include "io/net/socks.h"
#include "io/net/tunnel.h"

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <utility>
#include <vector>

namespace segdl::io {

Result<Dialled> Connection::reach(const Origin& origin, Resolver& resolver, const Deadline& bound, const Waker& waker) {
  auto addresses = resolver.resolve(origin, bound, waker);
  if (!addresses) return std::move(addresses).error();
  auto dialled = dial(origin, *addresses, bound, waker);
  if (!dialled && dialled.error().cause == Cause::network && !is_shortage(dialled.error())) resolver.forget(origin);
  return dialled;
}

void Connection::put_last(Resolver& resolver) const {
  if (way_.proxy == nullptr) resolver.put_last(way_.origin, address_);
}

Result<void> Connection::secure(std::optional<TlsChannel>& place, Result<TlsChannel> channel, const Deadline& bound,
                                const Waker& waker) {
  if (!channel) return std::move(channel).error();
  place = std::move(*channel);
  return place->handshake(bound, waker);
}

Result<std::unique_ptr<Connection>> Connection::begin(const Way& way, Resolver& resolver, TlsContext* tls,
                                                      const Deadline& bound, const Waker& waker) {
  auto dialled = reach(way.first(), resolver, bound, waker);
  if (!dialled) {
    Error error = std::move(dialled).error();
    return way.proxy != nullptr ? on_way_to_proxy(*way.proxy, std::move(error)) : error;
  }
  std::unique_ptr<Connection> connection(new Connection(way, std::move(*dialled)));
  if (way.proxy == nullptr || !way.proxy->origin.secure) return connection;
  auto channel = tls->channel(way.proxy->origin, TlsSocket{connection->socket_.get()}, bound, waker);
  if (channel) channel->show_no_certificate();
  auto secured = secure(connection->proxy_tls_, std::move(channel), bound, waker);
  if (!secured) return on_way_to_proxy(*way.proxy, std::move(secured).error());
  return connection;
}

// A proxy that is given addresses says of each whether it can be reached; each takes a connection of its own.
Result<std::unique_ptr<Connection>> Connection::through_socks(const Way& way, Resolver& resolver, const Deadline& bound,
                                                              const Waker& waker) {
  std::vector<Address> addresses;
  const bool by_name = way.proxy->kind == ProxyKind::socks5h;
  if (!by_name) {
    auto found = resolver.resolve(way.origin, bound, waker);
    if (!found) return std::move(found).error();
    addresses = std::move(*found);
  }
  for (std::size_t next = 0;;) {
    auto connection = begin(way, resolver, nullptr, bound, waker);
    if (!connection) return connection;
    auto opened = open_socks(**connection, by_name ? nullptr : &addresses[next], bound, waker);
    if (opened) return connection;
    const bool more = ++next < addresses.size() && std::chrono::steady_clock::now() < bound.until;
    if (!more || opened.error().cause != Cause::network) return std::move(opened).error();
  }
}

Result<std::unique_ptr<Connection>> Connection::open(const Way& way, ProxyLogin& login, Resolver& resolver,
                                                     TlsContext* tls, const Deadline& bound, const Waker& waker) {
  if (way.origin.secure || way.first().secure) tls->prepare();
  auto connection =
      way.by_socks() ? through_socks(way, resolver, bound, waker) : begin(way, resolver, tls, bound, waker);
  if (!connection || !way.origin.secure) return connection;
  if (way.tunnelled()) {
    auto through = open_tunnel(**connection, login, bound, waker);
    if (!through) return std::move(through).error();
  }
  Connection& made = **connection;
  const TlsSocket below = made.proxy_tls_ ? made.proxy_tls_->inside() : TlsSocket{made.socket_.get()};
  auto secured = secure(made.tls_, tls->channel(way.origin, below, bound, waker), bound, waker);
  if (secured) return connection;
  if (secured.error().cause == Cause::network) made.put_last(resolver);
  return std::move(secured).error();
}

Result<std::size_t> Connection::receive(std::span<std::byte> into, const Deadline& bound, const Waker& waker) {
  if (waker.stopped()) return waker.wait(socket_.get(), 0, bound).error();
  // Where bytes keep coming nothing is ever waited for: the bound holds all the same.
  if (std::chrono::steady_clock::now() >= bound.until)
    return network_error(Remedy::retry, "receive", "", bound.words());
  // What was just asked for can't be there yet: looking for it first would be a system call for nothing.
  if (std::exchange(asked_, false) && !(tls() != nullptr && tls()->has_pending())) {
    auto waited = waker.wait(socket_.get(), POLLIN, bound);
    if (!waited) return std::move(waited).error();
  }
  if (tls() != nullptr) return tls()->receive(into, bound, waker);
  for (;;) {
    const auto got = ::recv(socket_.get(), into.data(), into.size(), 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return network_error(Remedy::retry, "receive", "", system_words(errno));
    auto waited = waker.wait(socket_.get(), POLLIN, bound);
    if (!waited) return std::move(waited).error();
  }
}

Result<void> Connection::await(const Deadline& bound, const Waker& waker) {
  if (tls_ && tls_->has_pending()) return {};
  auto waited = waker.wait(socket_.get(), POLLIN, bound);
  if (waited) asked_ = false;
  return waited;
}

Result<void> Connection::send(std::string_view bytes, const Deadline& bound, const Waker& waker) {
  asked_ = true;
  if (tls() != nullptr) return tls()->send(bytes, bound, waker);
  while (!bytes.empty()) {
    const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return network_error(Remedy::retry, "send", "", system_words(errno));
    auto waited = waker.wait(socket_.get(), POLLOUT, bound);
    if (!waited) return waited;
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
