#include "engine/fetch/build_request.h"

#include <segdl/version.h>

#include "core/base/ascii.h"
#include "core/credentials/login.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace segdl::engine {
namespace {

bool has_field(const std::vector<Header>& headers, std::string_view name) {
  return std::ranges::any_of(headers, [&](const Header& h) { return same_text(h.name, name); });
}

bool is_own(const FetchContext& context, const Url& url) { return url.origin == context.source.url.original().origin; }

const std::vector<Header>& headers_for(const FetchContext& context, const Url& url) {
  static const std::vector<Header> none;
  return is_own(context, url) ? context.request.headers : none;
}

std::optional<Credentials> credentials_for(const FetchContext& context, const Url& url) {
  const Url& original = context.source.url.original();
  const bool own = is_own(context, url);
  if (own && context.request.credentials) return context.request.credentials;
  if (!own || !original.has_userinfo) return context.secrets.credentials_for(url.origin);
  const bool lacks_password = original.password.empty() && !original.user.empty();
  auto found = lacks_password ? context.secrets.credentials_for(url.origin, original.user) : std::nullopt;
  return found ? found : Credentials{original.user, original.password};
}

// A header that segdl sends by itself: not where one was given, or none is wanted.
bool adds(const FetchContext& context, std::string_view name, const std::vector<Header>& given) {
  const auto& omitted = context.request.omitted_headers;
  const bool wanted = std::ranges::none_of(omitted, [&](const auto& other) { return same_text(other, name); });
  return wanted && !has_field(given, name);
}

}  // namespace

HttpRequest build_request(const FetchContext& context, const Url& url, const Asked& asked, const Resource* known) {
  HttpRequest request{
      .url = url, .fields = {}, .certified = is_own(context, url), .joined = context.source.forms.joined()};
  auto& fields = request.fields;
  const auto& headers = headers_for(context, url);
  if (adds(context, "User-Agent", headers)) {
    const std::string& agent = context.options.user_agent;
    fields.push_back({"User-Agent", agent.empty() ? fmt::format("segdl/{}", kVersion) : agent});
  }
  if (adds(context, "Accept", headers)) fields.push_back({"Accept", "*/*"});
  fields.push_back({"Accept-Encoding", "identity"});
  if (adds(context, "Cookie", headers)) {
    auto cookies = context.secrets.cookies_for(url, context.clock);
    if (!cookies.empty()) fields.push_back({"Cookie", std::move(cookies)});
  }
  for (const Header& header : headers) fields.push_back({header.name, header.value});
  if (context.source.forms.asks_past_caches() && !has_field(headers, "Cache-Control")) {
    fields.push_back({"Cache-Control", "no-cache, no-transform"});  // RFC 9111 sections 5.2.1.4 and 5.2.1.6
  }
  if (!asked.unless.empty()) fields.push_back({"If-None-Match", std::string(asked.unless)});
  if (asked.range) {
    fields.push_back({"Range", range_field(*asked.range)});
    if (has_if_range(asked, known)) fields.push_back({"If-Range", *known->validator.for_if_range()});
  }
  return request;
}

std::optional<Account> account_at(const FetchContext& context, const Url& url) {
  if (!adds(context, kServerLogin.answer, headers_for(context, url))) return std::nullopt;
  auto who = credentials_for(context, url);
  return who ? std::optional(Account{url.origin, *std::move(who)}) : std::nullopt;
}

}  // namespace segdl::engine
