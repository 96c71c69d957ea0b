// Tunnels through an HTTP proxy: the request, and the errors of its responses.
//
// A tunnel (CONNECT, RFC 9110 section 9.3.6) exists only after a 2xx. From then on the connection is the origin's. A
// byte after the proxy's response ends it, because the origin does not speak first.
// The framing of a 2xx is ignored, as the RFC requires. The body of a refusal is not read.
#pragma once

#include <segdl/error.h>

#include "core/http/http_head.h"
#include "core/url/proxy.h"
#include "io/base/stoppable_wait.h"
#include "io/net/connection.h"
#include "io/net/proxy_login.h"

#include <string_view>

namespace segdl::io {

// Requests the tunnel of the connection's way. REQUIRES: its way has a proxy, nothing was sent on it yet.
Result<void> open_tunnel(Connection&, ProxyLogin&, const StoppableWait&);

// The error for a response of the proxy itself with this head: Cause::refused.
Error proxy_refusal(const Proxy&, const ResponseHead&);

// Adds the origin to an error of opening the way through a proxy.
Error about_origin(const Way&, Error);

// The error that the proxy broke the protocol: a network error to retry.
Error broken_by_proxy(const Proxy&, std::string_view what);

// Adds that an error occurred on the way to the proxy, instead of the origin.
Error on_way_to_proxy(const Proxy&, Error);

// The error of reading the first response of a proxy that should speak HTTP and sent `came`.
// Names the protocol it speaks instead, if that is recognisable, or gives a hint if it sent nothing.
Error proxy_gave(const Proxy&, Error, std::string_view came);

// Adds the hint for a proxy that sent nothing at all.
Error unanswered_by_proxy(Error);

}  // namespace segdl::io
