// How a Fetcher makes a request, and which secrets go with it: those that belong to where it goes.
#include <segdl/version.h>

#include "core/ascii.h"
#include "engine/fetcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace segdl::engine {
namespace {

bool has_field(const std::vector<Header>& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [&](const Header& h) { return same_text(h.name, name); });
}

}  // namespace

// Those of the request go to its own origin; a netrc file has some for each host.
std::optional<Credentials> Fetcher::credentials_for(const Url& url, bool own) const {
  const Url& original = route_.original();
  if (own && request_.credentials) return request_.credentials;
  if (!own || !original.has_userinfo) return shared_.secrets.credentials_for(url.origin);
  Credentials given{original.user, original.password};
  if (given.password.empty() && !given.user.empty()) {
    if (auto found = shared_.secrets.credentials_for(url.origin, given.user)) return found;
  }
  return given;
}

HttpRequest Fetcher::request_for(const Url& url, const Asked& asked, const Known* known) const {
  HttpRequest request{url, {}, std::nullopt};
  auto& fields = request.fields;
  const bool own = url.origin == route_.original().origin;  // secrets of the request go nowhere else
  request.certified = own;
  request.joined = route_.joined();
  const std::vector<Header> none;
  const auto& headers = own ? request_.headers : none;
  if (!has_field(headers, "User-Agent")) {
    const std::string& agent = shared_.options.user_agent;
    fields.push_back({"User-Agent", agent.empty() ? fmt::format("segdl/{}", kVersion) : agent});
  }
  if (!has_field(headers, "Accept")) fields.push_back({"Accept", "*/*"});
  fields.push_back({"Accept-Encoding", "identity"});
  if (!has_field(headers, "Authorization")) request.credentials = credentials_for(url, own);
  if (!has_field(headers, "Cookie")) {
    auto cookies = shared_.secrets.cookies_for(url, shared_.env.clock);
    if (!cookies.empty()) fields.push_back({"Cookie", std::move(cookies)});
  }
  for (const Header& header : headers) fields.push_back({header.name, header.value});
  if (route_.asks_past_caches() && !has_field(headers, "Cache-Control")) {
    fields.push_back({"Cache-Control", "no-cache, no-transform"});  // RFC 9111 sections 5.2.1.4 and 5.2.1.6
  }
  if (!asked.unless.empty()) fields.push_back({"If-None-Match", std::string(asked.unless)});
  if (asked.range) {
    fields.push_back({"Range", range_field(*asked.range)});
    if (has_if_range(asked, known)) fields.push_back({"If-Range", *known->validator.for_if_range()});
  }
  return request;
}

}  // namespace segdl::engine
