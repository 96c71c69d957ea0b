// What a proxy is asked for, and what it may answer.
//
// A tunnel (CONNECT, RFC 9110 section 9.3.6) is there only after a 2xx. Then the connection is the origin's, and what
// the proxy said before is nobody's: a byte behind its answer ends the connection, because the origin does not speak
// before it is spoken to. The framing of a 2xx is ignored, as the RFC asks. The body of a refusal is not read.
#pragma once

#include <segdl/error.h>

#include "core/http/http_head.h"
#include "core/url/proxy.h"
#include "io/base/stoppable_wait.h"
#include "io/net/connection.h"
#include "io/net/proxy_login.h"

#include <string_view>

namespace segdl::io {

// Asks for the tunnel of the connection's way. REQUIRES: its way has a proxy, nothing was sent on it yet.
Result<void> open_tunnel(Connection&, ProxyLogin&, const StoppableWait&);

// The proxy's own answer, with this head, instead of what was wanted: Cause::refused.
Error proxy_refusal(const Proxy&, const ResponseHead&);

// An error of opening the way through a proxy says where to.
Error about_origin(const Way&, Error);

// What the proxy did instead of what it should: a network error to retry.
Error broken_by_proxy(const Proxy&, std::string_view what);

// An error of the way to the proxy, instead of to the origin.
Error on_way_to_proxy(const Proxy&, Error);

// The error that TLS was met where a proxy should speak HTTP.
Error proxy_speaks_tls(Error);

// An error of reading the first answer of a proxy that should speak HTTP, of which `came` has arrived: what it speaks
// instead, if that can be told, or what to look at where it says nothing.
Error proxy_gave(const Proxy&, Error, std::string_view came);

// What to look at where a proxy has said nothing at all.
Error unanswered_by_proxy(Error);

}  // namespace segdl::io
