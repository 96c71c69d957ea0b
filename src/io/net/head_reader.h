// The head of a response, as it arrives.
#pragma once

#include <segdl/error.h>

#include "core/http/http_head.h"
#include "io/net/receive_buffer.h"

#include <functional>
#include <string_view>

namespace segdl::io {

// The head of the final response to such a request: interim ones are skipped, the limits of core/http/http_head.h hold.
// `more` puts what arrives next into the inbox, or fails; it is told how many times the server has said that it is
// still at work (102, RFC 2518 section 10.1). What came behind the head stays in the inbox; after a failure, what made
// it fail.
Result<ResponseHead> read_final_head(ReceiveBuffer&, RequestMethod,
                                     const std::function<Result<void>(int still_at_work)>& more);

// Whether that is how a peer that speaks TLS answers a plain request: an alert or a handshake record (RFC 8446 section
// 5.1).
bool looks_like_tls(std::string_view bytes);

// Whether that is how a SOCKS proxy refuses what it does not understand, in version 5 (RFC 1928) or 4.
bool looks_like_socks(std::string_view bytes);

}  // namespace segdl::io
