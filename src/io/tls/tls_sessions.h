// TLS sessions to be resumed: a connection to a server that is known already needs no certificates and fewer round
// trips (RFC 5246 section 7.3, RFC 5077, RFC 8446 section 2.2).
//
// A resumed connection is as trusted as the one its session comes from, whose certificate was checked for one host by
// the rules of one TLS context. So every context has a store of its own (what was agreed under --insecure never meets a
// context that checks), and a session is offered to the host and port it was made with and to no other.
//
// What is kept are copies: OpenSSL writes to the session of a live connection. A server that does not want a session
// any more makes it a full handshake. Thread-safe.
#pragma once

#include "core/url/url.h"

#include <openssl/ssl.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace segdl::io {

struct FreeSslSession {
  void operator()(::SSL_SESSION* session) const { ::SSL_SESSION_free(session); }
};
using TlsSession = std::unique_ptr<::SSL_SESSION, FreeSslSession>;

class TlsSessions {
 public:
  // Files whatever sessions connections of this context give, under what `watch` said of each.
  void attend(::SSL_CTX*);

  // Where the sessions of one connection belong. REQUIRES: it outlives the connection.
  struct Place {
    TlsSessions& sessions;
    Origin origin;
  };
  static void watch(::SSL*, Place&);

  // The newest one for this origin, or null. Tickets of TLS 1.3 should be used once (RFC 8446 appendix C.4); the last
  // one is given again and again all the same: many connections to one server begin at once, and a server that minds
  // refuses.
  TlsSession take(const Origin&);

  void forget(const Origin&);

 private:
  using Name = std::pair<std::string, std::uint16_t>;
  void put(const Origin&, TlsSession);

  std::mutex mutex_;
  std::map<Name, std::vector<TlsSession>> sessions_;  // oldest first
};

}  // namespace segdl::io
