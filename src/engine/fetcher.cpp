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
constexpr double kSpanTime = 5;  // seconds
constexpr double kMemory = 10;   // seconds over which a speed is measured
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

// "Not now" or "not so many": of the host, whatever the resource. A whole resource where a range was asked for, which
// ranges are served of to others, is a 200 under load.
bool is_crowded(int status) { return status == 429 || status == 503 || status == 200; }

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

Fetcher::Fetcher(const Setting& setting, Slot slot)
    : shared_(setting.shared),
      request_(setting.request),
      route_(setting.route),
      meter_(setting.meter),
      slot_(std::move(slot)),
      asked_at_(shared_.env.clock.now()),
      measured_from_(asked_at_),
      random_(static_cast<std::minstd_rand::result_type>(measured_from_.time_since_epoch().count())) {
  const SessionOptions& options = shared_.options;
  limits_.connect = options.connect_timeout;
  limits_.head = limits_.idle = options.timeout;
  limits_.min_speed = options.min_speed;
  if (slot_) meter_.connected();
  if (options.max_time.count() > 0) limits_.deadline = setting.begun + options.max_time;
}

Result<void> Fetcher::enter(std::stop_token stop) {
  return slot_ ? Result<void>() : enter_at(route_.current().origin, stop);
}

// A redirect to another host waits for its turn there: the slot for this one is no right to that.
Result<void> Fetcher::enter_at(const Origin& origin, const std::stop_token& stop) {
  if (slot_ && slot_.is_for(origin)) return {};
  leave();
  auto slot = shared_.pool.enter(origin, stop, limits_.deadline);
  if (!slot) return std::move(slot).error();
  slot_ = std::move(*slot);
  meter_.connected();
  return {};
}

void Fetcher::leave() {
  if (!slot_) return;
  meter_.disconnected();  // first: whoever gets the slot next counts as well
  slot_.give_back();
}

HttpRequest Fetcher::request_for(const Url& url, const Asked& asked, const Known* known) const {
  HttpRequest request{url, {}, std::nullopt};
  auto& fields = request.fields;
  const Url& original = route_.original();
  const bool own = url.origin == original.origin;  // secrets go nowhere else
  const std::vector<Header> none;
  const auto& headers = own ? request_.headers : none;
  if (!has_field(headers, "User-Agent")) {
    const std::string& agent = shared_.options.user_agent;
    fields.push_back({"User-Agent", agent.empty() ? fmt::format("segdl/{}", kVersion) : agent});
  }
  if (!has_field(headers, "Accept")) fields.push_back({"Accept", "*/*"});
  fields.push_back({"Accept-Encoding", "identity"});
  if (own && !has_field(headers, "Authorization")) {
    request.credentials = request_.credentials;
    if (!request.credentials && original.has_userinfo) {
      request.credentials = Credentials{original.user, original.password};
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
  return make_error(cause, remedy, "get", route_.current().redacted(), std::move(reason));
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

Result<std::unique_ptr<Exchange>> Fetcher::try_get(const HttpRequest& request, std::stop_token stop) {
  auto entered = enter_at(request.url.origin, stop);
  if (!entered) return std::move(entered).error();
  asked_at_ = shared_.env.clock.now();
  if (std::chrono::duration<double>(asked_at_ - measured_from_).count() > kMemory) {  // what is older counts half
    measured_from_ += (asked_at_ - measured_from_) / 2;
    measured_ /= 2;
  }
  auto exchange = shared_.env.transport.get(request, limits_, std::move(stop));
  latency_ = shared_.env.clock.now() - asked_at_;
  return exchange;
}

// The final response to one way of asking: redirects are followed here.
Result<std::unique_ptr<Exchange>> Fetcher::get(const Asked& asked, const Known* known, std::stop_token stop) {
  Url url = route_.current();
  bool remembered = url.text() != route_.original().text();
  std::vector<std::string> visited;
  for (int hop = 0; hop <= kMaxRedirects; ++hop) {
    auto exchange = try_get(request_for(url, asked, known), stop);
    if (!exchange) return exchange;
    const ResponseHead& head = (*exchange)->head();
    const bool gone = head.status == 401 || head.status == 403 || head.status == 404 || head.status == 410;
    if (gone && remembered && route_.lost(url)) {  // a signed link that has expired: ask the original again
      remembered = false;
      drain(**exchange);
      url = route_.original();
      continue;
    }
    remembered = false;
    const Verdict verdict = judge(head, asked, known, shared_.env.clock.wall());
    const auto* redirect = std::get_if<RedirectTo>(&verdict);
    if (redirect == nullptr) {
      route_.leads_to(url);
      return exchange;
    }
    visited.push_back(url.text());
    auto next = follow(url, redirect->location, head.status);
    if (!next) return std::move(next).error();
    if (std::find(visited.begin(), visited.end(), next->text()) != visited.end()) {
      return problem(Cause::refused, Remedy::stop, "its redirects go round in a circle");
    }
    const int status = head.status;
    drain(**exchange);
    meter_.redirected({url.redacted(), next->redacted(), status});
    url = std::move(*next);
  }
  return problem(Cause::refused, Remedy::stop, fmt::format("more than {} redirects", kMaxRedirects));
}

Result<Reply> Fetcher::use(std::unique_ptr<Exchange> exchange, UsableBody body) {
  slot_.answered(latency_);
  route_.answered_after(latency_);
  return Reply{std::move(exchange), std::move(body)};
}

// A slot, and neither the download nor the host is to be left alone at the moment.
Result<void> Fetcher::get_ready(const std::stop_token& stop) {
  Clock& clock = shared_.env.clock;
  for (;;) {
    const Instant rest = route_.rests_until();
    if (rest > clock.now()) {
      leave();
      if (!clock.sleep_until(rest, stop)) return cancelled();
    }
    if (must_wait()) leave();
    auto entered = enter(stop);
    if (!entered || route_.rests_until() <= clock.now()) return entered;
  }
}

Result<Reply> Fetcher::ask(Range range, const Known* known, std::stop_token stop) {
  auto ready = get_ready(stop);
  if (!ready) return std::move(ready).error();
  std::string first_reason;  // later ones only follow from asking in another way
  for (;;) {
    asked_ = route_.asking();
    const Asked asked{asked_, asked_ == Asking::whole ? std::nullopt : std::optional(range)};
    auto exchange = get(asked, known, stop);
    if (!exchange) {
      Error error = std::move(exchange).error();
      if (error.remedy == Remedy::refetch)
        error.remedy = Remedy::retry;  // framing that can't be read: perhaps next time
      return error;
    }
    meter_.enter(Phase::fetching);
    const ResponseHead& head = (*exchange)->head();
    Verdict verdict = judge(head, asked, known, shared_.env.clock.wall());
    if (auto* body = std::get_if<UsableBody>(&verdict)) return use(std::move(*exchange), std::move(*body));
    if (const auto* passing = std::get_if<PassingRefusal>(&verdict)) {
      Error error = refusal(head, passing);
      drain(**exchange);
      return error;
    }
    if (std::holds_alternative<FinalRefusal>(verdict)) return refusal(head, nullptr);
    if (const auto* changed = std::get_if<NowChanged>(&verdict)) {
      return problem(Cause::changed, Remedy::restart, changed->evidence);
    }
    std::string reason = "the server says the range lies beyond the end";
    if (const auto* beyond = std::get_if<BeyondEnd>(&verdict)) {
      if (asked_ == Asking::whole) return refusal(head, nullptr);
      if (known != nullptr && known->total && beyond->total && *beyond->total != *known->total) {
        return problem(Cause::changed, Remedy::restart,
                       fmt::format("its size was {} and is {}", *known->total, *beyond->total));
      }
      if (known != nullptr && beyond->total) return problem(Cause::integrity, Remedy::retry, reason);
    } else {
      reason = std::get<Contradiction>(verdict).reason;
    }
    if (first_reason.empty()) first_reason = std::move(reason);
    if (!route_.step_down(asked_)) return problem(Cause::integrity, Remedy::stop, std::move(first_reason));
    meter_.note("asking again in a simpler way: " + first_reason);
  }
}

std::chrono::nanoseconds Fetcher::latency() const { return latency_.count() > 0 ? latency_ : route_.latency(); }

bool Fetcher::got_on() const { return progress_ >= kProgress; }

Result<void> Fetcher::pause(Error error, std::stop_token stop) {
  Clock& clock = shared_.env.clock;
  const bool on = got_on();
  progress_ = 0;
  if (on) route_.progressed();
  const unsigned failures = on ? 1 : route_.failed(asked_at_, clock.now());
  if (failures > shared_.options.retries && !on) {
    error.remedy = Remedy::stop;
    if (shared_.options.retries > 0) error.reason += fmt::format(" ({} tries)", failures);
    return error;
  }
  const auto wait =
      on && !error.retry_after ? std::chrono::milliseconds(0) : backoff(failures, error.retry_after, random_());
  const Instant until = clock.now() + wait;
  if (too_late(until)) {
    error.remedy = Remedy::stop;
    error.reason += ", and the time limit leaves no time to try again";
    return error;
  }
  meter_.retried({error, wait}, fmt::format("; trying again in {:.1f} s", std::chrono::duration<double>(wait).count()));
  if (is_crowded(error.http_status) && slot_) slot_.refused(until);  // not by anybody before then
  if (wait.count() > 0) {
    route_.rest_until(until);
    leave();
  }
  if (!clock.sleep_until(until, stop)) return cancelled();
  measured_ = 0;
  measured_from_ = clock.now();
  return {};
}

Result<void> Fetcher::give_up(Error error) {
  const Instant now = shared_.env.clock.now();
  // "Not so many" is no failure of a download that others go on with.
  const unsigned failures = is_crowded(error.http_status) ? 0 : route_.failed(asked_at_, now);
  if (failures > shared_.options.retries) {
    error.remedy = Remedy::stop;
    error.reason += fmt::format(" ({} tries)", failures);
    return error;
  }
  meter_.retried({error, std::chrono::milliseconds(0), true}, "; leaving it to the other connections");
  if (!is_crowded(error.http_status)) route_.rest_until(now + backoff(failures, error.retry_after, random_()));
  if (slot_) slot_.refused(now + error.retry_after.value_or(std::chrono::seconds(0)));
  return {};
}

bool Fetcher::received(std::uint64_t bytes, const std::stop_token& stop) {
  measured_ += bytes;
  slot_.received(bytes);
  return shared_.throttle.pay(bytes, stop);
}

double Fetcher::speed() const {
  const std::chrono::duration<double> elapsed = shared_.env.clock.now() - measured_from_;
  return elapsed.count() <= 0 ? 0 : static_cast<double>(measured_) / elapsed.count();
}

std::uint64_t Fetcher::span_limit(std::uint64_t left) const {
  const unsigned expected = shared_.pool.expected(route_.current().origin);
  const double fair = static_cast<double>(left) / (expected > 1 ? 2.0 * expected : 1.0);
  const double speed = this->speed();
  const double timed = speed > 0 ? kSpanTime * speed : static_cast<double>(measured_ == 0 ? kMinSpan : kMaxSpan);
  return static_cast<std::uint64_t>(
      std::clamp(std::min(timed, fair), static_cast<double>(kMinSpan), static_cast<double>(kMaxSpan)));
}

bool Fetcher::end_is_trusted(const Exchange& exchange) const {
  return exchange.head().framing != Framing::until_close || route_.current().origin.secure || request_.accept_unframed;
}

}  // namespace segdl::engine
