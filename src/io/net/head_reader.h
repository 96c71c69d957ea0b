// Reads the head of a response while it arrives.
#pragma once

#include <segdl/error.h>

#include "core/http/http_head.h"
#include "io/net/receive_buffer.h"

#include <functional>
#include <string_view>

namespace segdl::io {

// The head of the final response to a request of this method; interim ones are skipped, and the limits of
// core/http/http_head.h hold.
// `more` appends received bytes to the ReceiveBuffer, or fails. Its argument is the number of 102 responses so far (RFC
// 2518 section 10.1).
// Bytes after the head stay in the buffer; after a failure, so do the bytes that caused it.
Result<ResponseHead> read_final_head(ReceiveBuffer&, RequestMethod,
                                     const std::function<Result<void>(int still_at_work)>& more);

// Whether a TLS peer answers a plain request like this: with an alert or a handshake record (RFC 8446 section 5.1).
bool looks_like_tls(std::string_view bytes);

// The error of reading that answer.
Error speaks_tls(Error, std::string_view peer, Hint);

// Whether a SOCKS proxy refuses an unknown request like this, in version 5 (RFC 1928) or 4.
bool looks_like_socks(std::string_view bytes);

}  // namespace segdl::io
