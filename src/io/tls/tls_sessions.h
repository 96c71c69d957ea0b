// Resumption of TLS sessions: a connection to a known server needs no certificates and fewer round trips (RFC 5246
// section 7.3, RFC 5077, RFC 8446 section 2.2).
//
// A resumed connection is as trusted as the one its session comes from, whose certificate was checked for one host by
// the rules of one TLS context.
// So every context has a store of its own (a session made under --insecure never reaches a context that checks), and a
// session is offered only to the host and port it was made with.
//
// Sessions are kept as copies: OpenSSL writes to the session of a live connection. A server that no longer accepts a
// session does a full handshake. Thread-safe.
#pragma once

#include "core/url/url.h"
#include "io/base/owned.h"

#include <openssl/ssl.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace segdl::io {

using TlsSession = Owned<::SSL_SESSION, ::SSL_SESSION_free>;

class TlsSessions {
 public:
  // Stores the sessions of this context's connections, each in the Place that is the connection's app data.
  void attend(::SSL_CTX*);

  // Where the sessions of one connection are stored. REQUIRES: it outlives the connection.
  struct Place {
    TlsSessions& sessions;
    Origin origin;
  };

  // The newest session for this origin, or null.
  // Tickets of TLS 1.3 should be used once (RFC 8446 appendix C.4), but the last one is reused: many connections to one
  // server begin simultaneously, and a server that minds refuses it.
  TlsSession take(const Origin&);

  void forget(const Origin&);

 private:
  using Name = std::pair<std::string, std::uint16_t>;
  void put(const Origin&, TlsSession);

  std::mutex mutex_;
  std::map<Name, std::vector<TlsSession>> sessions_;  // oldest first
};

}  // namespace segdl::io
