// How a Fetcher makes a request, and which secrets go with it: those that belong to where it goes.
#include <segdl/version.h>

#include "core/base/ascii.h"
#include "core/credentials/login.h"
#include "core/http/http_status.h"
#include "engine/fetch/fetcher.h"
#include "seams/digest.h"

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
  const Url& original = source_.original();
  if (own && request_.credentials) return request_.credentials;
  if (!own || !original.has_userinfo) return credentials_.credentials_for(url.origin);
  Credentials given{original.user, original.password};
  if (given.password.empty() && !given.user.empty()) {
    if (auto found = credentials_.credentials_for(url.origin, given.user)) return found;
  }
  return given;
}

// A header that segdl sends by itself: not where one was given, or none is wanted.
bool Fetcher::adds(std::string_view name, const std::vector<Header>& given) const {
  const auto& omitted = request_.omitted_headers;
  const bool wanted =
      std::none_of(omitted.begin(), omitted.end(), [&](const auto& other) { return same_text(other, name); });
  return wanted && !has_field(given, name);
}

HttpRequest Fetcher::request_for(const Url& url, const Asked& asked, const Resource* known) const {
  HttpRequest request{url, {}};
  auto& fields = request.fields;
  const bool own = url.origin == source_.original().origin;  // secrets of the request go nowhere else
  request.certified = own;
  request.joined = source_.joined();
  const std::vector<Header> none;
  const auto& headers = own ? request_.headers : none;
  if (adds("User-Agent", headers)) {
    const std::string& agent = options_.user_agent;
    fields.push_back({"User-Agent", agent.empty() ? fmt::format("segdl/{}", kVersion) : agent});
  }
  if (adds("Accept", headers)) fields.push_back({"Accept", "*/*"});
  fields.push_back({"Accept-Encoding", "identity"});
  if (adds("Cookie", headers)) {
    auto cookies = credentials_.cookies_for(url, clock_);
    if (!cookies.empty()) fields.push_back({"Cookie", std::move(cookies)});
  }
  for (const Header& header : headers) fields.push_back({header.name, header.value});
  if (source_.asks_past_caches() && !has_field(headers, "Cache-Control")) {
    fields.push_back({"Cache-Control", "no-cache, no-transform"});  // RFC 9111 sections 5.2.1.4 and 5.2.1.6
  }
  if (!asked.unless.empty()) fields.push_back({"If-None-Match", std::string(asked.unless)});
  if (asked.range) {
    fields.push_back({"Range", range_field(*asked.range)});
    if (has_if_range(asked, known)) fields.push_back({"If-Range", *known->validator.for_if_range()});
  }
  return request;
}

// Nothing: nobody is named there, or the request has its own field for it.
std::optional<Account> Fetcher::account_at(const Url& url) const {
  const bool own = url.origin == source_.original().origin;
  if (!adds(kServerLogin.answer, own ? request_.headers : std::vector<Header>())) return std::nullopt;
  auto who = credentials_for(url, own);
  return who ? std::optional(Account{url.origin, *std::move(who)}) : std::nullopt;
}

// Whether an answer to a request that told nothing, from a server that asks for nothing, may be for strangers: a page
// to log in by, a 404 for what they may not know of. It is believed once the server was told, but not where it only
// leads to its secure self.
bool Fetcher::wants_basic(const Account& account, const Url& url, const ResponseHead& head, const Proof& proof) const {
  if (proof.scheme != Proof::Scheme::none || head.status == kServerLogin.status || may_pass(head.status)) return false;
  const std::string* location = head.status / 100 == 3 ? head.find("Location") : nullptr;
  if (location == nullptr) return true;
  const auto to = resolve_url(url, *location);
  return !to || !to->origin.secure || to->origin.host != account.origin.host;
}

// The answer to one request, made as often as it takes to tell the server who asks.
Result<std::unique_ptr<Exchange>> Fetcher::get_as_known(const Url& url, const Asked& asked, const Resource* known,
                                                        const std::stop_token& stop) {
  told_ = Told::nothing;
  const auto account = account_at(url);
  if (!account) return try_get(request_for(url, asked, known), stop);
  const LoginMeans means = login_means();
  Proof proof = credentials_.next_proof(*account);
  for (unsigned refusals = 1;; ++refusals) {
    HttpRequest request = request_for(url, asked, known);
    std::string field = login_field(proof, {account->who.user, account->who.password}, {"GET", url.target}, means.hash);
    if (!field.empty()) request.fields.push_back({std::string(kServerLogin.answer), std::move(field)});
    auto exchange = try_get(request, stop);
    if (!exchange) return exchange;
    const ResponseHead& head = (*exchange)->head();
    auto again = proof_after({head, proof, refusals}, kServerLogin, means);
    if (!again && wants_basic(*account, url, head, proof)) again = Proof{Proof::Scheme::basic};
    if (!again) {
      credentials_.answered(*account, head, proof);
      const bool before = proof.scheme == Proof::Scheme::none || credentials_.is_proven(*account);
      told_ = before ? Told::believed_before : Told::never_believed;
      return exchange;
    }
    credentials_.learn(head, url, clock_);
    (*exchange)->skip_rest();
    proof = *std::move(again);
  }
}

void Fetcher::refused_login(Error& error, const ResponseHead& head) const {
  const LoginOffer offer = offer_of(head, kServerLogin, login_means().hash);
  if (!offer.unknown.empty()) {
    error.reason += fmt::format(" and asks for {}, which segdl can't answer", offer.unknown);
    error.hints = {{Hint::answer_challenge, offer.scheme}};
  } else if (told_ == Told::nothing) {
    error.hints = {Hint::give_credentials};
  } else {
    error.hints = {Hint::check_credentials};
  }
}

}  // namespace segdl::engine
