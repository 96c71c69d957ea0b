// The requests of one download, and the secrets that belong to where each goes.
//
// What the download's request has of headers, credentials and a client certificate goes to its own origin alone; a
// netrc file and the session's cookies have some for each host. Thread-safe.
#pragma once

#include "core/http/verdict.h"
#include "engine/fetch/credential_store.h"
#include "engine/fetch/fetch_context.h"
#include "seams/transport.h"

#include <optional>

namespace segdl::engine {

HttpRequest build_request(const FetchContext&, const Url&, const Asked&, const Resource* known);

// Whose credentials are for this URL. Nothing: there are none, or the request has its own field for them.
std::optional<Account> account_at(const FetchContext&, const Url&);

}  // namespace segdl::engine
