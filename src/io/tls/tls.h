// TLS by OpenSSL: one context and one store of certificates for all connections of a session.
//
// - TLS 1.2 at least.
// - OpenSSL checks the host name or address, without the common name and without partial wildcards (RFC 9525).
// - A body that only the connection ends is truncated unless close_notify arrives.
// - Bytes go through our own BIO: OpenSSL's socket BIO uses write(2), which raises SIGPIPE when the peer has gone, and
//   an embedder must not die of that.
#pragma once

#include <segdl/error.h>

#include "core/url/url.h"
#include "io/base/owned.h"
#include "io/base/stoppable_wait.h"
#include "io/tls/system_trust.h"
#include "io/tls/tls_bio.h"
#include "io/tls/tls_sessions.h"

#include <openssl/ssl.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace segdl::io {

struct TrustOptions {
  std::filesystem::path ca_file = {};
  std::filesystem::path ca_path = {};
  bool insecure = false;
  std::filesystem::path certificate = {};  // the client's; empty: none
  std::filesystem::path key = {};          // empty: in the same file
};

// One connection's TLS state. Used by one thread at a time.
class TlsChannel {
 public:
  // `socket` is what `ssl` reads from and writes to.
  TlsChannel(Owned<::SSL, ::SSL_free> ssl, std::unique_ptr<TlsSessions::Place> place, std::unique_ptr<TlsSocket> socket)
      : place_(std::move(place)), socket_(std::move(socket)), ssl_(std::move(ssl)) {}

  // With the origin that the channel was made for; resumes a session if there is one.
  Result<void> handshake(const StoppableWait&);
  // 0: the peer sent close_notify.
  Result<std::size_t> receive(std::span<std::byte>, const StoppableWait&);
  Result<void> send(std::string_view, const StoppableWait&);

  // Whether nothing has arrived but messages of TLS itself, like a ticket for another session, which are consumed.
  bool is_quiet();
  // Whether the last receive() failed because the connection ended without close_notify.
  bool is_cut() const { return cut_; }

  // Whether OpenSSL holds decrypted or undecrypted bytes, here or in the outer TLS.
  bool has_pending() const {
    return ::SSL_has_pending(ssl_.get()) != 0 || (socket_->outer != nullptr && ::SSL_has_pending(socket_->outer) != 0);
  }

  // The socket for another TLS inside this one. REQUIRES: this outlives it.
  TlsSocket inside() const { return {socket_->descriptor, 0, ssl_.get(), socket_.get()}; }

  // Does not show the client's certificate to this peer. REQUIRES: before the handshake.
  void show_no_certificate() {
    ::SSL_certs_clear(ssl_.get());
    shows_none_ = true;
  }

 private:
  // Before each call of OpenSSL that reads or writes, or before several that share the limit of one.
  void begin_call();
  // Waits for what SSL_get_error() requires; false if the call failed for good.
  Result<bool> wait_after(int result, const StoppableWait&);

  std::unique_ptr<TlsSessions::Place> place_;  // its address must not change when the channel is moved
  std::unique_ptr<TlsSocket> socket_;
  Owned<::SSL, ::SSL_free> ssl_;
  std::optional<Error> broken_;  // comes after what was received
  bool cut_ = false;             // it is a connection that ended without close_notify
  bool shows_none_ = false;      // see show_no_certificate()
};

// Thread-safe.
class TlsContext {
 public:
  // Cause::usage if a named file or directory of certificates, or a key, can't be loaded.
  static Result<std::unique_ptr<TlsContext>> create(const TrustOptions&);

  // Starts slow preparations: a connection will be wanted.
  void prepare();

  // A channel for a handshake with this origin, over a connected socket or over the TLS on one.
  Result<TlsChannel> channel(const Origin&, const TlsSocket&, const StoppableWait&);

 private:
  TlsContext(Owned<::SSL_CTX, ::SSL_CTX_free> context, bool trusts_system) : context_(std::move(context)) {
    sessions_.attend(context_.get());
    if (trusts_system) system_trust_.emplace(context_.get());
  }

  Owned<::SSL_CTX, ::SSL_CTX_free> context_;
  std::optional<SystemTrust> system_trust_;
  TlsSessions sessions_;
};

}  // namespace segdl::io
