// SOCKS5 (RFC 1928, RFC 1929): what such a proxy is asked for, and what it may answer.
//
// After its success the connection is the origin's, as behind a tunnel: a byte behind its answer ends it, because the
// origin does not speak before it is spoken to. Nothing is believed of an answer but its shape: one of another version,
// one that chooses what was not offered, and one that breaks off end the try.
#pragma once

#include <segdl/error.h>

#include "core/url/proxy.h"
#include "io/base/stoppable_wait.h"
#include "io/net/connection.h"
#include "io/net/resolver.h"

namespace segdl::io {

// Asks for a connection to the origin of the connection's way: by its name, or to this address if there is one.
// REQUIRES: its way has a SOCKS proxy, nothing was sent on it yet.
Result<void> open_socks(Connection&, const Address*, const StoppableWait&);

}  // namespace segdl::io
