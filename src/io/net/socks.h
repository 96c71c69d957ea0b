// SOCKS5 (RFC 1928, RFC 1929): the requests to such a proxy and its replies.
//
// After a success the connection is the origin's, as in a tunnel. A byte after the reply ends it: the origin does not
// speak first.
// Only the form of a reply is checked: one of another version, one that chooses what was not offered, and one that is
// cut end the try.
#pragma once

#include <segdl/error.h>

#include "io/base/stoppable_wait.h"
#include "io/net/connection.h"
#include "io/net/resolver.h"

namespace segdl::io {

// Requests a connection to the origin of the connection's way: by its name, or to this address if there is one.
// REQUIRES: its way has a SOCKS proxy, nothing was sent on it yet.
Result<void> open_socks(Connection&, const Address*, const StoppableWait&);

}  // namespace segdl::io
