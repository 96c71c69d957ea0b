// The real Transport: HTTP/1.1 over our own connections.
//
// Three parties share the work:
// - The connection and the framing are ours (Connection, core/http/http_head.h, core/http/chunked.h).
// - The HTTP message is cpp-httplib's, which writes the request and runs the exchange over a Stream of ours.
// - Trust is OpenSSL's.
// Debian's cpp-httplib (0.11.4) is not safe with a hostile peer: it accepts truncated bodies as complete, decodes
// header values, recurses over long status lines and waits for ever. So it never sees what the server sent: the Stream
// reads and checks the head itself, passes on a short canonical one, and the body bypasses httplib.
#pragma once

#include <segdl/error.h>
#include <segdl/network.h>

#include "io/net/resolver.h"
#include "io/tls/tls.h"
#include "seams/clock.h"
#include "seams/transport.h"

#include <cstddef>
#include <memory>

namespace segdl::io {

struct ConnectionOptions {
  NetworkOptions network = {};
  LookUpFunction look_up = {};  // empty: the system's
  std::size_t kept = 1024;      // limit of idle connections: as many as may ever be used simultaneously
};

// REQUIRES: the clock outlives the transport. Cause::usage if named certificates can't be loaded.
//
// Where there is a client certificate it is two transports in one, with it and without (HttpRequest::certified). A
// server identifies the client of a connection that showed a certificate, and a resumed TLS session stands for what was
// shown when it began. So connections with and without are never mixed: each kind has its own TLS context, sessions and
// kept connections.
//
// Errors of opening a connection are Cause::network, Remedy::retry, operation "connect to" or "connect to the proxy",
// with the system's message; a proxy's refusal is Cause::refused.
// If the system lacks descriptors or ports they have Hint::use_fewer_connections, and no other network error to retry
// does.
Result<std::unique_ptr<Transport>> make_http_transport(const TrustOptions&, Clock&, ConnectionOptions = {});

}  // namespace segdl::io
