// One connection to an origin, perhaps through a proxy: a socket, with or without TLS.
#pragma once

#include <segdl/error.h>

#include "core/url/proxy.h"
#include "io/base/descriptor.h"
#include "io/base/stoppable_wait.h"
#include "io/net/dialer.h"
#include "io/net/proxy_login.h"
#include "io/net/resolver.h"
#include "io/tls/tls.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace segdl::io {

// Used by one thread at a time.
class Connection {
 public:
  // The objects that connections are opened with. `tls` may be null if no connection uses TLS.
  struct Means {
    Resolver& resolver;
    TlsContext* tls;
  };

  // Resolves and connects, does the TLS handshake with an https proxy, has the proxy open the tunnel unless it forwards
  // requests, and does the TLS handshake with the origin, all before the deadline.
  static Result<std::unique_ptr<Connection>> open(const Way&, ProxyLogin&, const Means&, const StoppableWait&);

  // Receives bytes as they arrive, at least one, straight into `into`. 0: the peer ended the connection in order.
  // REQUIRES: !into.empty().
  Result<std::size_t> receive(std::span<std::byte> into, const StoppableWait&);
  Result<void> send(std::string_view, const StoppableWait&);

  // Waits until there may be something to receive, or the connection has ended.
  Result<void> await(const StoppableWait&);

  // Whether the connection is open and nothing has arrived unasked: it may carry another request.
  bool is_quiet();

  // Whether the last receive() failed because the connection ended without close_notify.
  bool is_cut() const { return tls_ ? tls_->is_cut() : proxy_tls_ && proxy_tls_->is_cut(); }

  const Way& way() const { return way_; }

  // The host accepted the connection and does not answer: its other addresses, if any, come first from here on. Does
  // nothing for a proxy, as it may be the origin that does not answer.
  void put_last(Resolver&) const;

 private:
  Connection(const Way& way, Dialled dialled)
      : way_(way), socket_(std::move(dialled.socket)), address_(dialled.address) {}

  // Connects to the first host of the way: the origin or the proxy; with TLS to an https proxy.
  static Result<std::unique_ptr<Connection>> begin(const Way&, Resolver&, TlsContext*, const StoppableWait&);
  static Result<std::unique_ptr<Connection>> through_socks(const Way&, Resolver&, const StoppableWait&);
  // The TLS that carries the requests: the origin's, or that of a proxy that forwards them.
  TlsChannel* tls() { return tls_ ? &*tls_ : proxy_tls_ ? &*proxy_tls_ : nullptr; }

  Way way_;
  Descriptor socket_;
  Address address_;
  std::optional<TlsChannel> proxy_tls_;
  std::optional<TlsChannel> tls_;  // with the origin, perhaps inside the other
  bool asked_ = false;             // a request was sent and nothing received since
};

}  // namespace segdl::io
