// TLS by OpenSSL: one context and one store of certificates for all connections of a session.
//
// TLS 1.2 at least; OpenSSL's own check of the host name or address, without the common name and without partial
// wildcards (RFC 9525); a body that ends without close_notify is cut short, never complete. Bytes go through a BIO of
// our own, because OpenSSL's socket BIO uses write(2), which raises SIGPIPE when the peer has gone, and an embedder
// must not die of that.
#pragma once

#include <segdl/error.h>

#include "core/url.h"
#include "io/waker.h"

#include <openssl/ssl.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>

namespace segdl::io {

struct TrustOptions {
  std::filesystem::path ca_file = {};
  std::filesystem::path ca_path = {};
  bool insecure = false;
};

struct FreeSsl {
  void operator()(::SSL* ssl) const { ::SSL_free(ssl); }
};
struct FreeSslContext {
  void operator()(::SSL_CTX* context) const { ::SSL_CTX_free(context); }
};

// One connection's TLS state. Used by one thread at a time.
class TlsChannel {
 public:
  TlsChannel(std::unique_ptr<::SSL, FreeSsl> ssl, int socket) : ssl_(std::move(ssl)), socket_(socket) {}

  Result<void> handshake(const Origin&, const Bound&, const Waker&);
  // 0: the peer said close_notify.
  Result<std::size_t> receive(std::span<std::byte>, const Bound&, const Waker&);
  Result<void> send(std::string_view, const Bound&, const Waker&);

  // Whether decrypted or undecrypted bytes are waiting inside OpenSSL.
  bool has_pending() const { return ::SSL_has_pending(ssl_.get()) != 0; }

 private:
  // Waits for what SSL_get_error() says is needed; false if the call failed for good.
  Result<bool> wait_after(int result, const Bound&, const Waker&);

  std::unique_ptr<::SSL, FreeSsl> ssl_;
  int socket_;
};

// Thread-safe.
class TlsContext {
 public:
  // Cause::usage if a certificate file or directory that was named can't be loaded.
  static Result<std::unique_ptr<TlsContext>> create(const TrustOptions&);

  // Ready for a handshake with this origin over a connected socket.
  Result<TlsChannel> channel(const Origin&, int socket) const;

 private:
  explicit TlsContext(std::unique_ptr<::SSL_CTX, FreeSslContext> context) : context_(std::move(context)) {}
  std::unique_ptr<::SSL_CTX, FreeSslContext> context_;
};

}  // namespace segdl::io
