// One accepted connection, with or without TLS: bytes in and out, and the ways in which it can end.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>

namespace segdl::test {

// Used by one thread at a time. The socket stays the caller's.
class ServerChannel {
 public:
  // `tls` may be null. ready() is false if the handshake failed.
  ServerChannel(int socket, ::SSL_CTX* tls);

  bool ready() const { return ready_; }
  // What has arrived; 0: nothing more will.
  std::size_t receive(std::span<char> into);
  // False if the peer is gone.
  bool send(std::span<const std::byte> bytes);
  // True if this time has passed and the peer is still there. A negative time never ends.
  bool wait(std::chrono::milliseconds);
  // An orderly end: close_notify, if there is TLS.
  void finish();
  // An end that the peer can't take for an orderly one.
  void reset();

 private:
  int socket_;
  std::unique_ptr<::SSL, decltype(&::SSL_free)> ssl_;
  bool ready_ = true;
};

}  // namespace segdl::test
