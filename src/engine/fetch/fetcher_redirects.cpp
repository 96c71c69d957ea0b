// Where a Fetcher's requests lead: redirects, and the way back from where they led.
#include "core/base/errors.h"
#include "engine/fetch/fetcher.h"

#include <fmt/format.h>

#include <algorithm>

namespace segdl::engine {
namespace {

constexpr std::size_t kMaxRedirects = 10;

Result<Url> follow(const Url& from, const std::string& location, int status) {
  auto to = resolve_url(from, location);
  if (!to) {
    to.error().http_status = status;
    return to;
  }
  if (from.origin.secure && !to->origin.secure) {
    return make_error(Cause::tls, "follow a redirect to", to->shown(),
                      "it leads from https to http, where the data could be tampered with");
  }
  return to;
}

}  // namespace

// The final response to one way of asking. What redirects led to before may expire, as a signed link does, and each
// server reports that in its own way: then the original URL is requested for another one.
Result<Fetcher::Judged> Fetcher::get(const Inquiry& inquiry) {
  if (auto from = admission_.take_aside()) return get_from(*std::move(from), {inquiry.asked, inquiry.known, false});
  const Url led = source_.url.current();
  auto judged = get_from({led}, inquiry);
  const bool remembered = !led.leads_to_same(source_.url.original());
  if (!remembered || !is_spent(judged, inquiry.known) || !source_.url.lost(led)) return judged;
  if (judged) judged->exchange->skip_rest();
  context_.task_progress.note(
      fmt::format("{} serves no more of it: requesting {} again", led.shown(), source_.url.original().shown()));
  return get_from({source_.url.original()}, inquiry);
}

// Whether an answer may be all that is left of a place: a refusal that does not pass, a redirect that ends nowhere, or
// a page that is not what was fetched.
bool Fetcher::is_spent(const Result<Judged>& judged, const Resource* known) const {
  if (!judged) return judged.error().remedy == Remedy::stop && judged.error().cause != Cause::cancelled;
  const auto& [exchange, verdict] = *judged;
  const ResponseHead& head = exchange->head();
  if (std::holds_alternative<PermanentRefusal>(verdict) || head.status == 403 || doubt(head, verdict, known))
    return true;
  return is_page(head) && !validator_of(head).strong() && std::holds_alternative<Contradiction>(verdict);
}

Result<Fetcher::Judged> Fetcher::get_from(PendingRequest from, const Inquiry& inquiry) {
  auto& [url, visited] = from;
  bool circles = false;
  // Where other connections are in use a bad redirect perhaps leads to a page about that.
  const auto remedy = [this] { return crowding().judge_refusal() ? Remedy::retry : Remedy::stop; };
  while (visited.size() <= kMaxRedirects) {
    if (inquiry.may_set_aside && !admission_.enters_now(url.origin)) {
      admission_.set_aside(std::move(from));
      return cancelled();
    }
    attempt_.led_to = url;
    auto exchange = get_logged_in(url, inquiry);
    if (!exchange) return std::move(exchange).error();
    const ResponseHead& head = (*exchange)->head();
    context_.task_progress.tolerated(head.tolerated);
    context_.secrets.learn(head, url, context_.clock);
    Verdict verdict = judge(head, inquiry.asked, inquiry.known, context_.clock.wall());
    const auto* redirect = std::get_if<RedirectTo>(&verdict);
    if (redirect == nullptr) return Judged{std::move(*exchange), std::move(verdict)};
    visited.push_back(url.text());
    auto next = follow(url, redirect->location, head.status);
    if (!next) return with_remedy(std::move(next).error(), remedy());
    // The same URL may have another answer the next time, with a cookie or without.
    circles = circles || std::find(visited.begin(), visited.end(), next->text()) != visited.end();
    const auto wait = retry_after(head, context_.clock.wall());
    if (wait && next->leads_to_same(url)) {  // RFC 9110 section 10.2.3
      Error error = problem(Cause::refused, Remedy::retry, "the server asks to come back later", head.status);
      error.retry_after = wait;
      return error;
    }
    const int status = head.status;
    (*exchange)->skip_rest();
    context_.task_progress.redirected({url.shown(), next->shown(), status});
    url = std::move(*next);
  }
  return problem(Cause::refused, remedy(),
                 fmt::format("more than {} redirects{}", kMaxRedirects, circles ? ", in a circle" : ""));
}

}  // namespace segdl::engine
