// The requests of one download, and the secrets that belong to where each goes.
//
// What the download's request has of headers, credentials and a client certificate goes to its own origin alone; a
// netrc file and the session's cookies have some for each host. Thread-safe.
#pragma once

#include "core/credentials/login.h"
#include "core/http/verdict.h"
#include "engine/fetch/credential_store.h"
#include "engine/fetch/fetch_context.h"
#include "seams/transport.h"

#include <optional>
#include <string_view>
#include <vector>

namespace segdl::engine {

class RequestBuilder {
 public:
  // REQUIRES: it outlives this object.
  explicit RequestBuilder(const FetchContext& context) : context_(context) {}

  HttpRequest build(const Url&, const Asked&, const Resource* known) const;
  // Whose credentials are for this URL. Nothing: there are none, or the request has its own field for them.
  std::optional<Account> account_at(const Url&) const;

 private:
  bool is_own(const Url& url) const;
  const std::vector<Header>& headers_for(const Url&) const;
  bool adds(std::string_view name, const std::vector<Header>& given) const;
  std::optional<Credentials> credentials_for(const Url&) const;

  const FetchContext& context_;
};

}  // namespace segdl::engine
