// How a Fetcher shows a server who asks.
#include "core/credentials/login.h"
#include "core/http/http_status.h"
#include "engine/fetch/build_request.h"
#include "engine/fetch/fetcher.h"
#include "seams/digest.h"

#include <fmt/format.h>

namespace segdl::engine {
namespace {

// Whether an answer to a request without credentials, from a server that asks for none, may be for strangers: a login
// page, a 404 for what they may not know of. It is believed once credentials were sent, which they are not where it
// only leads to its secure self.
bool wants_basic(const Account& account, const Url& url, const ResponseHead& head, const Proof& proof) {
  if (proof.scheme != Proof::Scheme::none || head.status == kServerLogin.status || may_pass(head.status)) return false;
  const std::string* location = head.status / 100 == 3 ? head.find("Location") : nullptr;
  if (location == nullptr) return true;
  const auto to = resolve_url(url, *location);
  return !to || !to->origin.secure || to->origin.host != account.origin.host;
}

}  // namespace

// The answer to one request, made as often as the login takes.
Result<std::unique_ptr<Exchange>> Fetcher::get_logged_in(const Url& url, const Inquiry& inquiry) {
  told_ = Told::nothing;
  const auto account = account_at(context_, url);
  if (!account) return send(build_request(context_, url, inquiry.asked, inquiry.known));
  const LoginMeans means = login_means();
  Proof proof = context_.secrets.next_proof(*account);
  for (unsigned refusals = 1;; ++refusals) {
    HttpRequest request = build_request(context_, url, inquiry.asked, inquiry.known);
    std::string field = login_field(proof, {account->who.user, account->who.password}, {"GET", url.target}, means.hash);
    if (!field.empty()) request.fields.push_back({std::string(kServerLogin.answer), std::move(field)});
    auto exchange = send(request);
    if (!exchange) return exchange;
    const ResponseHead& head = (*exchange)->head();
    auto again = proof_after({head, proof, refusals}, kServerLogin, means);
    if (!again && wants_basic(*account, url, head, proof)) again = Proof{Proof::Scheme::basic};
    if (!again) {
      const bool is_proven = context_.secrets.answered(*account, head, proof);
      told_ = is_proven || proof.scheme == Proof::Scheme::none ? Told::believed_before : Told::never_believed;
      return exchange;
    }
    context_.secrets.learn(head, url, context_.clock);
    (*exchange)->skip_rest();
    proof = *std::move(again);
  }
}

void Fetcher::explain_login(Error& error, const ResponseHead& head) const {
  const LoginOffer offer = offer_of(head, kServerLogin, login_means().hash);
  if (!offer.unknown.empty()) {
    error.reason += fmt::format(" and asks for {}, which segdl can't answer", offer.unknown);
    error.hints = {{Hint::answer_challenge, offer.scheme}};
  } else {
    error.hints = {told_ == Told::nothing ? Hint::give_credentials : Hint::check_credentials};
  }
}

}  // namespace segdl::engine
