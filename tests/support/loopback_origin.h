// An OriginScript played over real sockets on the loopback, with or without TLS.
//
// Each connection has a thread. It reads requests strictly (anything but a GET or HEAD without a body is answered 400
// and closed), lets the script decide, and sends the wire bytes of the answer as they are. A connection is kept for the
// next request if the answer allows it.
#pragma once

#include "support/loopback_server.h"
#include "support/origin_script.h"

#include <openssl/ssl.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace segdl::test {

class LoopbackOrigin {
 public:
  struct Options {
    std::shared_ptr<::SSL_CTX> tls = nullptr;  // see test_certificates.h
    std::uint64_t limit_rate = 0;              // bytes/s of each connection; 0: none
    // Other rates by number of the connection, from 1 on; number of bytes sent, heads included, after which the
    // connection stalls.
    std::map<unsigned, std::uint64_t> connection_rates = {};
    std::map<unsigned, std::uint64_t> connection_stalls = {};
    std::uint16_t port = 0;  // 0: any free one
    Loopback family = Loopback::v4;
    // Called on the connection's thread when an answer has been decided, and nothing of it sent.
    std::function<void(const Asking&)> on_asked = {};
    // Called on the connection's thread when an answer has been sent or broken off.
    std::function<void(const Asking&)> on_answered = {};
  };

  // REQUIRES: the script outlives the origin. Throws std::runtime_error if the port is taken.
  explicit LoopbackOrigin(OriginScript& script) : LoopbackOrigin(script, Options()) {}
  LoopbackOrigin(OriginScript& script, Options options);

  // http://127.0.0.1:PORT and this, which begins with a slash.
  std::string url(const std::string& target = "/") const;
  std::uint16_t port() const { return server_.port(); }
  unsigned connections() const { return server_.connections(); }

 private:
  void serve(int socket);

  OriginScript& script_;
  Options options_;
  std::atomic<unsigned> connection_{0};
  LoopbackServer server_;  // last: its threads use the rest
};

// What an origin without options does with one connection.
void serve_script(OriginScript& script, int socket);

}  // namespace segdl::test
