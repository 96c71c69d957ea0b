// The real Transport: HTTP/1.1 over our own connections.
//
// Who owns what: the connection and the framing are ours (Connection, core/http_head, core/chunked); the HTTP message
// is cpp-httplib's, which writes the request and runs the exchange over a Stream of ours; trust is OpenSSL's. Debian's
// cpp-httplib (0.11.4) can't be left alone with a hostile peer: it takes truncated bodies for whole ones, decodes
// header values, recurses over long status lines and waits for ever. So it never sees what the server sent: the Stream
// reads and checks the head itself, hands on a short canonical one, and the body is read past it.
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

// As many connections as anybody may want at once: of the next requests each finds one.
inline constexpr std::size_t kKeptConnections = 1024;

// REQUIRES: the clock outlives the transport. Cause::usage if named certificates can't be loaded.
//
// Errors of opening a connection are Cause::network, Remedy::retry, operation "connect to" or "connect to the proxy",
// with the words of the system; a proxy's refusal is Cause::refused. Where this machine lacks descriptors or ports they
// have Hint::use_fewer_connections, and no other network error to retry does.
Result<std::unique_ptr<Transport>> make_http_transport(const TrustOptions&, Clock&, LookUpFunction = system_look_up,
                                                       std::size_t kept_connections = kKeptConnections);

// The same by way of proxies, or to one family of addresses only. No function to look names up is the system's.
Result<std::unique_ptr<Transport>> make_http_transport(const TrustOptions&, const NetworkOptions&, Clock&,
                                                       LookUpFunction = {});

}  // namespace segdl::io
