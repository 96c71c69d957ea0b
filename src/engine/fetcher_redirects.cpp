// Where a Fetcher's requests lead: redirects, and the way back from where they led.
#include "engine/errors.h"
#include "engine/fetcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace segdl::engine {
namespace {

constexpr int kMaxRedirects = 10;

}  // namespace

Result<Url> Fetcher::follow(const Url& from, const std::string& location, int status) const {
  auto to = resolve_url(from, location);
  if (!to) {
    Error error = std::move(to).error();
    error.http_status = status;
    return error;
  }
  if (from.origin.secure && !to->origin.secure) {
    return make_error(Cause::tls, Remedy::stop, "follow a redirect to", to->shown(),
                      "it leads from https to http, where anybody could change the data");
  }
  return to;
}

// The final response to one way of asking: redirects are followed here.
Result<std::unique_ptr<Exchange>> Fetcher::get(const Asked& asked, const Known* known, std::stop_token stop) {
  Url url = route_.current();
  bool remembered = !url.leads_to_same(route_.original());
  std::vector<std::string> visited;
  bool circles = false;
  for (int hop = 0; hop <= kMaxRedirects; ++hop) {
    led_to_ = url;
    auto exchange = get_as_known(url, asked, known, stop);
    if (!exchange) return exchange;
    const ResponseHead& head = (*exchange)->head();
    meter_.tolerated(head.tolerated);
    shared_.secrets.learn(head, url, shared_.env.clock);
    const bool gone = head.status == 401 || head.status == 403 || head.status == 404 || head.status == 410;
    if (gone && remembered && route_.lost(url)) {  // a signed link that has expired: ask the original again
      remembered = false;
      (*exchange)->skip_rest();
      url = route_.original();
      continue;
    }
    remembered = false;
    const Verdict verdict = judge(head, asked, known, shared_.env.clock.wall());
    const auto* redirect = std::get_if<RedirectTo>(&verdict);
    if (redirect == nullptr) return exchange;
    visited.push_back(url.text());
    auto next = follow(url, redirect->location, head.status);
    if (!next) {  // where other connections are in use, perhaps to a page that says so
      Error error = std::move(next).error();
      if (takes_for_crowd()) error.remedy = Remedy::retry;
      return error;
    }
    // The same URL may have another answer the next time, with a cookie or without.
    circles = circles || std::find(visited.begin(), visited.end(), next->text()) != visited.end();
    const int status = head.status;
    (*exchange)->skip_rest();
    meter_.redirected({url.shown(), next->shown(), status});
    url = std::move(*next);
  }
  return problem(Cause::refused, Remedy::stop,
                 fmt::format("more than {} redirects{}", kMaxRedirects, circles ? ", in a circle" : ""));
}

}  // namespace segdl::engine
