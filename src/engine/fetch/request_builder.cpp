#include "engine/fetch/request_builder.h"

#include <segdl/version.h>

#include "core/base/ascii.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace segdl::engine {
namespace {

bool has_field(const std::vector<Header>& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [&](const Header& h) { return same_text(h.name, name); });
}

}  // namespace

bool RequestBuilder::is_own(const Url& url) const { return url.origin == context_.source.url.original().origin; }

const std::vector<Header>& RequestBuilder::headers_for(const Url& url) const {
  static const std::vector<Header> none;
  return is_own(url) ? context_.request.headers : none;
}

std::optional<Credentials> RequestBuilder::credentials_for(const Url& url) const {
  const Url& original = context_.source.url.original();
  const bool own = is_own(url);
  if (own && context_.request.credentials) return context_.request.credentials;
  if (!own || !original.has_userinfo) return context_.secrets.credentials_for(url.origin);
  Credentials given{original.user, original.password};
  if (given.password.empty() && !given.user.empty()) {
    if (auto found = context_.secrets.credentials_for(url.origin, given.user)) return found;
  }
  return given;
}

// A header that segdl sends by itself: not where one was given, or none is wanted.
bool RequestBuilder::adds(std::string_view name, const std::vector<Header>& given) const {
  const auto& omitted = context_.request.omitted_headers;
  const bool wanted =
      std::none_of(omitted.begin(), omitted.end(), [&](const auto& other) { return same_text(other, name); });
  return wanted && !has_field(given, name);
}

HttpRequest RequestBuilder::build(const Url& url, const Asked& asked, const Resource* known) const {
  HttpRequest request{url, {}};
  auto& fields = request.fields;
  request.certified = is_own(url);
  request.joined = context_.source.forms.joined();
  const auto& headers = headers_for(url);
  if (adds("User-Agent", headers)) {
    const std::string& agent = context_.options.user_agent;
    fields.push_back({"User-Agent", agent.empty() ? fmt::format("segdl/{}", kVersion) : agent});
  }
  if (adds("Accept", headers)) fields.push_back({"Accept", "*/*"});
  fields.push_back({"Accept-Encoding", "identity"});
  if (adds("Cookie", headers)) {
    auto cookies = context_.secrets.cookies_for(url, context_.clock);
    if (!cookies.empty()) fields.push_back({"Cookie", std::move(cookies)});
  }
  for (const Header& header : headers) fields.push_back({header.name, header.value});
  if (context_.source.forms.asks_past_caches() && !has_field(headers, "Cache-Control")) {
    fields.push_back({"Cache-Control", "no-cache, no-transform"});  // RFC 9111 sections 5.2.1.4 and 5.2.1.6
  }
  if (!asked.unless.empty()) fields.push_back({"If-None-Match", std::string(asked.unless)});
  if (asked.range) {
    fields.push_back({"Range", range_field(*asked.range)});
    if (has_if_range(asked, known)) fields.push_back({"If-Range", *known->validator.for_if_range()});
  }
  return request;
}

std::optional<Account> RequestBuilder::account_at(const Url& url) const {
  if (!adds(kServerLogin.answer, headers_for(url))) return std::nullopt;
  auto who = credentials_for(url);
  return who ? std::optional(Account{url.origin, *std::move(who)}) : std::nullopt;
}

}  // namespace segdl::engine
