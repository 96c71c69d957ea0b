#include "io/connection.h"

#include "io/dialer.h"
#include "io/system_error.h"
#include "io/tunnel.h"

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace segdl::io {

Result<Descriptor> Connection::reach(const Origin& origin, Resolver& resolver, const Bound& bound, const Waker& waker) {
  auto addresses = resolver.resolve(origin, bound, waker);
  if (!addresses) return std::move(addresses).error();
  auto socket = dial(origin, *addresses, bound, waker);
  if (!socket && socket.error().cause == Cause::network && !is_shortage(socket.error())) resolver.forget(origin);
  return socket;
}

Result<std::unique_ptr<Connection>> Connection::open(const Way& way, Resolver& resolver, TlsContext* tls,
                                                     const Bound& bound, const Waker& waker) {
  if (way.origin.secure) tls->prepare();
  auto socket = reach(way.first(), resolver, bound, waker);
  if (!socket) return way.proxy != nullptr ? on_way_to_proxy(std::move(socket).error()) : std::move(socket).error();
  std::unique_ptr<Connection> connection(new Connection(way, std::move(*socket)));
  if (!way.origin.secure) return connection;
  if (way.proxy != nullptr) {
    auto through = open_tunnel(*connection, bound, waker);
    if (!through) return std::move(through).error();
  }
  auto channel = tls->channel(way.origin, connection->socket_.get(), bound, waker);
  if (!channel) return std::move(channel).error();
  connection->tls_ = std::move(*channel);
  auto shaken = connection->tls_->handshake(bound, waker);
  if (!shaken) return std::move(shaken).error();
  return connection;
}

Result<std::size_t> Connection::receive(std::span<std::byte> into, const Bound& bound, const Waker& waker) {
  if (waker.stopped()) return waker.wait(socket_.get(), 0, bound).error();
  // Where bytes keep coming nothing is ever waited for: the bound holds all the same.
  if (std::chrono::steady_clock::now() >= bound.until)
    return network_error(Remedy::retry, "receive", "", bound.words());
  // What was just asked for can't be there yet: looking for it first would be a system call for nothing.
  if (std::exchange(asked_, false) && !(tls_ && tls_->has_pending())) {
    auto waited = waker.wait(socket_.get(), POLLIN, bound);
    if (!waited) return std::move(waited).error();
  }
  if (tls_) return tls_->receive(into, bound, waker);
  for (;;) {
    const auto got = ::recv(socket_.get(), into.data(), into.size(), 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return network_error(Remedy::retry, "receive", "", system_words(errno));
    auto waited = waker.wait(socket_.get(), POLLIN, bound);
    if (!waited) return std::move(waited).error();
  }
}

Result<void> Connection::await(const Bound& bound, const Waker& waker) {
  if (tls_ && tls_->has_pending()) return {};
  auto waited = waker.wait(socket_.get(), POLLIN, bound);
  if (waited) asked_ = false;
  return waited;
}

Result<void> Connection::send(std::string_view bytes, const Bound& bound, const Waker& waker) {
  asked_ = true;
  if (tls_) return tls_->send(bytes, bound, waker);
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
  if (tls_) return tls_->is_quiet();
  char byte = 0;
  const auto got = ::recv(socket_.get(), &byte, 1, MSG_PEEK);
  return got < 0 && errno == EAGAIN;
}

}  // namespace segdl::io
