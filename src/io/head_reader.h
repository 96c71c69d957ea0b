// The head of a response, as it arrives.
#pragma once

#include <segdl/error.h>

#include "core/http_head.h"
#include "io/inbox.h"

#include <functional>
#include <string_view>

namespace segdl::io {

// The head of the final response: interim ones are skipped, the limits of core/http_head.h hold. `more` puts what
// arrives next into the inbox, or fails. What came behind the head stays in the inbox; after a failure, what made it
// fail.
Result<ResponseHead> read_final_head(Inbox&, const std::function<Result<void>()>& more);

// Whether that is how a peer that speaks TLS answers a plain request: an alert or a handshake record (RFC 8446 section
// 5.1).
bool looks_like_tls(std::string_view bytes);

}  // namespace segdl::io
