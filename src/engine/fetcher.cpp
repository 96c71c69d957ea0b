#include "engine/fetcher.h"

#include <segdl/version.h>

#include "core/ascii.h"
#include "core/backoff.h"
#include "engine/errors.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace segdl::engine {
namespace {

constexpr int kMaxRedirects = 10;
constexpr std::uint64_t kProgress = 4 * kKiB;  // fewer bytes than this between two failures don't count as getting on
constexpr std::uint64_t kMinSpan = 4 * kMiB;
constexpr std::uint64_t kMaxSpan = 64 * kMiB;
constexpr std::uint64_t kSmallBody = 16 * kKiB;

bool has_field(const std::vector<Header>& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [&](const Header& h) { return same_text(h.name, name); });
}

std::string_view status_words(int status) {
  constexpr std::pair<int, std::string_view> kWords[] = {{400, "bad request"},
                                                         {401, "authorization required"},
                                                         {403, "forbidden"},
                                                         {404, "not found"},
                                                         {407, "proxy authorization required"},
                                                         {408, "request timeout"},
                                                         {410, "gone"},
                                                         {416, "range not satisfiable"},
                                                         {429, "too many requests"},
                                                         {451, "unavailable for legal reasons"},
                                                         {500, "internal server error"},
                                                         {502, "bad gateway"},
                                                         {503, "service unavailable"},
                                                         {504, "gateway timeout"}};
  for (const auto& [code, words] : kWords) {
    if (code == status) return words;
  }
  return "refused";
}

// Reads a small body to its end, so that the connection can be used again.
void drain(Exchange& exchange) {
  if (exchange.head().framing != Framing::length || exchange.head().content_length > kSmallBody) return;
  std::array<std::byte, 4096> dropped;
  for (;;) {
    const auto got = exchange.read(dropped);
    if (!got || *got == 0) return;
  }
}

}  // namespace

Fetcher::Fetcher(Env env, const Request& request, const SessionOptions& options, Url url, Meter& meter)
    : env_(env),
      request_(request),
      options_(options),
      original_(std::move(url)),
      meter_(meter),
      measured_from_(env.clock.now()),
      random_(static_cast<std::minstd_rand::result_type>(measured_from_.time_since_epoch().count())) {
  limits_.connect = options.connect_timeout;
  limits_.head = limits_.idle = options.timeout;
  limits_.min_speed = options.min_speed;
  if (options.max_time.count() > 0) limits_.deadline = measured_from_ + options.max_time;
}

HttpRequest Fetcher::request_for(const Url& url, const Asked& asked, const Known* known) const {
  HttpRequest request{url, {}, std::nullopt};
  auto& fields = request.fields;
  const bool own = url.origin == original_.origin;  // secrets go nowhere else
  const std::vector<Header> none;
  const auto& headers = own ? request_.headers : none;
  if (!has_field(headers, "User-Agent")) {
    fields.push_back(
        {"User-Agent", options_.user_agent.empty() ? fmt::format("segdl/{}", kVersion) : options_.user_agent});
  }
  if (!has_field(headers, "Accept")) fields.push_back({"Accept", "*/*"});
  fields.push_back({"Accept-Encoding", "identity"});
  if (own && !has_field(headers, "Authorization")) {
    request.credentials = request_.credentials;
    if (!request.credentials && original_.has_userinfo) {
      request.credentials = Credentials{original_.user, original_.password};
    }
  }
  for (const Header& header : headers) fields.push_back({header.name, header.value});
  if (asked.range) {
    fields.push_back({"Range", range_field(*asked.range)});
    if (asked.asking == Asking::conditional && known != nullptr && known->validator.strong()) {
      fields.push_back({"If-Range", known->validator.value});
    }
  }
  return request;
}

Result<Url> Fetcher::follow(const Url& from, const std::string& location, int status) const {
  auto to = resolve_url(from, location);
  if (!to) {
    Error error = std::move(to).error();
    error.http_status = status;
    return error;
  }
  if (from.origin.secure && !to->origin.secure) {
    return make_error(Cause::tls, Remedy::stop, "follow a redirect to", to->redacted(),
                      "it leads from https to http, where anybody could change the data");
  }
  return to;
}

Error Fetcher::problem(Cause cause, Remedy remedy, std::string reason) const {
  return make_error(cause, remedy, "get", current().redacted(), std::move(reason));
}

Error Fetcher::refusal(const ResponseHead& head, const PassingRefusal* passing) const {
  Error error = problem(Cause::refused, passing != nullptr ? Remedy::retry : Remedy::stop,
                        fmt::format("the server answered {} ({})", head.status, status_words(head.status)));
  error.http_status = head.status;
  if (passing != nullptr) error.retry_after = passing->after;
  if (head.status == 401) error.way_out = "give a name and password with -u NAME:PASS";
  if (head.status == 404 || head.status == 410) error.way_out = "check the URL";
  return error;
}

// The final response to one way of asking: redirects are followed here.
Result<std::unique_ptr<Exchange>> Fetcher::get(const Asked& asked, const Known* known, std::stop_token stop) {
  Url url = current();
  std::vector<std::string> visited;
  for (int hop = 0; hop <= kMaxRedirects; ++hop) {
    auto exchange = env_.transport.get(request_for(url, asked, known), limits_, stop);
    if (!exchange) return exchange;
    const ResponseHead& head = (*exchange)->head();
    const bool gone = head.status == 401 || head.status == 403 || head.status == 404 || head.status == 410;
    if (gone && effective_) {  // a signed link that has expired: ask the original again
      effective_.reset();
      url = original_;
      visited.clear();
      continue;
    }
    const Verdict verdict = judge(head, asked, known, env_.clock.wall());
    const auto* redirect = std::get_if<RedirectTo>(&verdict);
    if (redirect == nullptr) {
      if (url.text() != original_.text()) effective_ = url;
      return exchange;
    }
    visited.push_back(url.text());
    auto next = follow(url, redirect->location, head.status);
    if (!next) return std::move(next).error();
    if (std::find(visited.begin(), visited.end(), next->text()) != visited.end()) {
      return problem(Cause::refused, Remedy::stop, "its redirects go round in a circle");
    }
    drain(**exchange);
    url = std::move(*next);
    meter_.note("redirected to " + url.redacted());
  }
  return problem(Cause::refused, Remedy::stop, fmt::format("more than {} redirects", kMaxRedirects));
}

Result<Reply> Fetcher::ask(Range range, const Known* known, std::stop_token stop) {
  std::string first_reason;  // later ones only follow from asking in another way
  for (;;) {
    const Asked asked{asking_, asking_ == Asking::whole ? std::nullopt : std::optional(range)};
    auto exchange = get(asked, known, stop);
    if (!exchange) {
      Error error = std::move(exchange).error();
      if (error.remedy == Remedy::refetch)
        error.remedy = Remedy::retry;  // framing that can't be read: perhaps next time
      return error;
    }
    meter_.enter(Phase::fetching);
    const ResponseHead& head = (*exchange)->head();
    const Verdict verdict = judge(head, asked, known, env_.clock.wall());
    if (const auto* body = std::get_if<UsableBody>(&verdict)) return Reply{std::move(*exchange), *body};
    if (const auto* passing = std::get_if<PassingRefusal>(&verdict)) return refusal(head, passing);
    if (std::holds_alternative<FinalRefusal>(verdict)) return refusal(head, nullptr);
    if (const auto* changed = std::get_if<NowChanged>(&verdict)) {
      return problem(Cause::changed, Remedy::restart, changed->evidence);
    }
    std::string reason = "the server says the range lies beyond the end";
    if (const auto* beyond = std::get_if<BeyondEnd>(&verdict)) {
      if (asking_ == Asking::whole) return refusal(head, nullptr);
      if (known != nullptr && known->total && beyond->total && *beyond->total != *known->total) {
        return problem(Cause::changed, Remedy::restart,
                       fmt::format("its size was {} and is {}", *known->total, *beyond->total));
      }
      if (known != nullptr && beyond->total) return problem(Cause::integrity, Remedy::retry, reason);
    } else {
      reason = std::get<Contradiction>(verdict).reason;
    }
    if (first_reason.empty()) first_reason = std::move(reason);
    if (!step_down()) return problem(Cause::integrity, Remedy::stop, std::move(first_reason));
    meter_.note("asking again in a simpler way: " + first_reason);
  }
}

bool Fetcher::step_down() {
  if (asking_ == Asking::whole) return false;
  asking_ = asking_ == Asking::conditional ? Asking::range_only : Asking::whole;
  return true;
}

void Fetcher::progressed(std::uint64_t bytes) {
  progress_ += bytes;
  if (progress_ >= kProgress) failures_ = 0;
}

Result<void> Fetcher::pause(Error error, std::stop_token stop) {
  const bool got_on = progress_ >= kProgress;
  progress_ = 0;
  if (!got_on && ++failures_ > options_.retries) {
    error.remedy = Remedy::stop;
    if (options_.retries > 0) error.reason += fmt::format(" ({} tries)", failures_);
    return error;
  }
  const auto wait = got_on && !error.retry_after ? std::chrono::milliseconds(0)
                                                 : backoff(std::max(failures_, 1U), error.retry_after, random_());
  const Instant until = env_.clock.now() + wait;
  if (limits_.deadline && until > *limits_.deadline) {
    error.remedy = Remedy::stop;
    error.reason += ", and the time limit leaves no time to try again";
    return error;
  }
  meter_.retried(
      fmt::format("{}; trying again in {:.1f} s", error.message(), std::chrono::duration<double>(wait).count()));
  if (!env_.clock.sleep_until(until, stop)) return cancelled();
  measured_ = 0;
  measured_from_ = env_.clock.now();
  return {};
}

std::uint64_t Fetcher::span_limit() const {
  const std::chrono::duration<double> elapsed = env_.clock.now() - measured_from_;
  if (elapsed.count() <= 0) return measured_ == 0 ? kMinSpan : kMaxSpan;
  const double five_seconds = 5.0 * static_cast<double>(measured_) / elapsed.count();
  return static_cast<std::uint64_t>(
      std::clamp(five_seconds, static_cast<double>(kMinSpan), static_cast<double>(kMaxSpan)));
}

bool Fetcher::end_is_trusted(const Exchange& exchange) const {
  return exchange.head().framing != Framing::until_close || current().origin.secure || request_.accept_unframed;
}

}  // namespace segdl::engine
