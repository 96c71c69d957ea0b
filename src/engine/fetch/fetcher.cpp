#include "engine/fetch/fetcher.h"

#include "core/base/errors.h"
#include "core/http/http_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace segdl::engine {
namespace {

constexpr std::chrono::seconds kFirstAnswer{60};
constexpr std::chrono::seconds kSilence{30};
constexpr double kMinSpan = 4 * kMiB, kMaxSpan = 64 * kMiB;  // bytes
constexpr double kSpanTime = 5;                              // seconds

// Whether all of the resource came where If-Range let the server choose, and may be what it tripped over: some answer
// so to every If-Range with an entity tag.
bool ignored_range(const Asked& asked, const Resource* known, const UsableBody& body) {
  if (!has_if_range(asked, known) || body.partial) return false;
  return asked.range->begin > 0 || !body.end || asked.range->end < *body.end;
}

// The form of request that a good answer proves: without an If-Range it proves nothing about If-Range.
RequestForm proven_by(const Asked& asked, const Resource* known) {
  const bool unconditional = asked.asking == RequestForm::conditional && !has_if_range(asked, known);
  return unconditional ? RequestForm::range_only : asked.asking;
}

// Whether the answer came through an intermediary, which may store or change what it forwards (RFC 9110 section 7.6.3,
// RFC 9111 section 5.1).
bool came_by_cache(const ResponseHead& head) { return head.count("Via") > 0 || head.count("Age") > 0; }

// Whether a connection was there, and no response came (see seams/transport.h).
bool is_unanswered(const Error& error) {
  constexpr std::string_view kBehindConnecting[] = {"send", "receive", "read the response", "get"};
  return error.cause == Cause::network && error.remedy == Remedy::retry &&
         std::ranges::find(kBehindConnecting, error.operation) != std::end(kBehindConnecting);
}

// What was wrong first, and where another way of asking led, if that is in doubt.
Error with_outcome(Error first, const Error& later) {
  if (first.cause != Cause::changed && later.cause == Cause::changed) first.reason += "; and then " + later.reason;
  return first;
}

// Whether the answer does not fit what is known: another version's, or none at all.
bool is_doubtful(const Verdict& verdict) {
  return std::holds_alternative<ResourceChanged>(verdict) || std::holds_alternative<Contradiction>(verdict) ||
         std::holds_alternative<RangeNotSatisfiable>(verdict);
}

// Of a host that other downloads have given up, where this one has heard nothing from it.
std::optional<Error> given_up_by_others(const FetchContext& context) {
  const Source& source = context.source;
  auto down = source.evidence.has_answered() ? std::nullopt : context.pool.down(source.url.current().origin);
  if (down) down->subject = source.url.current().shown();
  return down;
}

// Whether all may be requested where a range has no usable answer: not after a resource has changed, where what is no
// range of anything is no new version (see core/http/shown.h).
bool may_ask_for_all(const FetchContext& context, const Resource* known) {
  return (known != nullptr || !context.source.evidence.has_answered()) && !context.is_too_late(context.clock.now());
}

// What it shows of the resource; and a part of unknown length is a contradiction where such parts are distrusted.
void note_verdict(Source& source, const ResponseHead& head, Verdict& verdict) {
  if (std::holds_alternative<Contradiction>(verdict))
    source.evidence.change_shown([&head](Shown& shown) { shown.of_no_use(head); });
  const auto* body = std::get_if<UsableBody>(&verdict);
  const bool unmeasured = body != nullptr && body->partial && head.framing != Framing::length;
  if (!unmeasured || !source.forms.distrusts_unmeasured()) return;
  verdict = Contradiction{"its 206 gives no length, and an earlier one went on behind its range"};
}

// The time that the file is to have: where the next run is going to compare it, only one that distinguishes versions.
// An answer without one leaves that of a version that is known.
void note_time(const FetchContext& context, const ResponseHead& head, bool of_known) {
  const Request& request = context.request;
  const auto strong = strong_date_of(head);
  const bool updates = request.existing == Existing::update;
  const std::string* modified = request.remote_time && !updates ? head.find("Last-Modified") : nullptr;
  const bool compared = updates && (request.remote_time || request.sync != Sync::none);
  const auto time = modified != nullptr ? parse_http_date(*modified) : compared ? strong : std::nullopt;
  if (time || !of_known) context.source.evidence.modified_at(time, strong.has_value());
}

}  // namespace

Fetcher::Fetcher(const FetchContext& context, Slot slot) : context_(context) {
  limits_.idle = context.options.timeout.value_or(kSilence);
  limits_.min_speed = context.options.min_speed;
  limits_.deadline = context.deadline;
  admission_.take(std::move(slot));
}

Error Fetcher::problem(Cause cause, Remedy remedy, std::string reason, int http_status) const {
  const std::string url = attempt_.led_to.value_or(source_.url.current()).shown();
  Error error = with_remedy(make_error(cause, "get", url, std::move(reason)), remedy);
  error.http_status = http_status;
  return error;
}

Error Fetcher::refusal(const ResponseHead& head, const TransientRefusal* passing) const {
  Error error =
      problem(Cause::refused, passing != nullptr ? Remedy::retry : Remedy::stop,
              fmt::format("the server answered {} ({})", head.status, status_words(head.status)), head.status);
  error.retry_after = passing != nullptr ? passing->after : retry_after(head, context_.clock.wall());
  if (head.status == 401) explain_login(error, head);
  if (head.status == 404 || head.status == 410) {
    error.hints = {source_.evidence.has_answered() ? Hint::retry_vanished : Hint::check_url};
  }
  if (head.status == 202 && !error.retry_after) error.hints = {Hint::try_when_ready};
  return error;
}

Result<std::unique_ptr<Exchange>> Fetcher::send(const HttpRequest& request) {
  auto entered = admission_.enter(request.url.origin);
  if (!entered) return std::move(entered).error();
  const SessionOptions& options = context_.options;
  attempt_.asked_at = context_.clock.now();
  attempt_.answered = false;
  limits_.head = options.timeout.value_or(source_.evidence.has_answered() ? kSilence : kFirstAnswer);
  limits_.connect = options.connect_timeout;
  if (limits_.beside_unread) {
    limits_.head = std::min(limits_.head, std::chrono::ceil<std::chrono::milliseconds>(retry_.in_vain()));
    limits_.connect = std::min(limits_.connect, limits_.head);
  }
  flow_.fade(attempt_.asked_at);
  crowding().asks();
  auto exchange = context_.transport.get(request, limits_, flow_.token());
  attempt_.latency = context_.clock.now() - attempt_.asked_at;
  // A 5xx may also come from a gateway whose server is down.
  if (exchange && admission_.slot() && (*exchange)->head().status < 500) admission_.slot().alive();
  return exchange;
}

Asked Fetcher::asked_for(Range range, const Resource* known, std::string_view name) const {
  const RequestForm form = attempt_.form;
  Asked asked{form, form == RequestForm::whole ? std::nullopt : std::optional(range), name};
  if (form == RequestForm::conditional && known == nullptr) asked.unless = unless_;
  return asked;
}

Result<Response> Fetcher::use(std::unique_ptr<Exchange> exchange, UsableBody body, const Asked& asked,
                              const Resource* known) {
  source_.url.leads_to(*attempt_.led_to);
  source_.evidence.answered();
  note_time(context_, exchange->head(), known != nullptr);
  const bool unchanged = exchange->head().status == 304;
  source_.evidence.change_shown([&](Shown& shown) {
    if (known == nullptr && !unchanged && !context_.request.checksum) shown.hold(exchange->head(), body);
    if (!unchanged) shown.used(exchange->head(), body, known == nullptr);
  });
  attempt_.answered = true;
  attempt_.spared = attempt_.put_off = false;
  retry_.answered();
  source_.failures.gave_more(attempt_.asked_at);
  crowding().answered(is_page(exchange->head()));
  admission_.slot().answered(attempt_.latency);
  source_.latency = attempt_.latency;
  return Response{std::move(exchange), std::move(body), asked.range, unchanged};
}

// How to ask for the same bytes once more after an answer that could not be used. Nothing: not now. All of a resource
// is asked for only where the download has learned that its parts can't be had; that can't be learned beside other
// workers, since the answer may be what the server has for one too many, unless a body has shown it.
std::optional<RequestForm> Fetcher::simpler(bool alone) {
  attempt_.odd = true;
  attempt_.spared = !alone && !source_.forms.distrusts_unmeasured() && attempt_.form != RequestForm::conditional;
  if (!attempt_.spared) source_.forms.record_failure(attempt_.form, RequestForms::Part::head);
  const RequestForm all = source_.forms.current();
  if (all > attempt_.form) return all;
  return attempt_.form == RequestForm::conditional ? std::optional(RequestForm::range_only) : std::nullopt;
}

// The same after a refusal, which may be of the way of asking: some servers answer anything from 400 to 503 to a Range
// or an If-Range that they do not like, or what can't be read, or nothing. One that may pass is taken for that only if
// it does not, and all of the resource is asked for only by the last worker of the download.
std::optional<RequestForm> Fetcher::simpler(const Asked& asked, const Resource* known, const Error& refusal,
                                            bool alone) {
  const bool of_form = refusal.http_status == 0 || may_be_of_form(refusal.http_status);
  attempt_.put_off = false;
  if (asked.asking == RequestForm::whole || refusal.retry_after || !of_form) return {};
  const bool passes = refusal.remedy == Remedy::retry;
  // Silence would be waited for as long again.
  const bool soon = source_.failures.has_failed() && attempt_.latency < limits_.head;
  const bool early = passes && soon && known != nullptr && retry_.is_time_for_all();
  const bool last = !passes || early || retry_.is_last_try(refusal);
  attempt_.spared = last && !alone;
  attempt_.put_off = !last;
  const bool tried = early && alone;  // without If-Range, at the failures before
  if (is_conditional(asked, known) && !tried && (!passes || soon || (last && alone))) return RequestForm::range_only;
  if (!alone || !last) return {};
  retry_.tries_all();
  return RequestForm::whole;
}

// What an answer that is of no use comes to, if nothing else is tried.
Error Fetcher::failure(const Verdict& verdict, const ResponseHead& head, const Resource* known) {
  if (const auto* passing = std::get_if<TransientRefusal>(&verdict)) return refusal(head, passing);
  if (std::holds_alternative<PermanentRefusal>(verdict)) return final_refusal(head);
  if (const auto* changed = std::get_if<ResourceChanged>(&verdict)) {
    source_.evidence.changed(changed->in_name_only);
    return problem(Cause::changed, Remedy::restart, changed->evidence);
  }
  const Remedy remedy = attempt_.form == RequestForm::whole ? Remedy::stop : Remedy::retry;
  if (const auto* contradiction = std::get_if<Contradiction>(&verdict)) {
    // It names its version in no other answer either.
    if (attempt_.form == RequestForm::whole && contradiction->unnamed) {
      source_.evidence.changed(true);
      return problem(Cause::changed, Remedy::restart, contradiction->reason);
    }
    return problem(Cause::integrity, remedy, contradiction->reason);
  }
  const auto* beyond = std::get_if<RangeNotSatisfiable>(&verdict);
  if (beyond == nullptr) return problem(Cause::integrity, remedy, "it answered with the whole resource, not the range");
  if (attempt_.form == RequestForm::whole) return refusal(head, nullptr);
  if (known != nullptr && known->total && beyond->total && *beyond->total != *known->total) {
    return problem(Cause::changed, Remedy::restart,
                   fmt::format("its size was {} and is {}", *known->total, *beyond->total));
  }
  const bool refuses_part = known != nullptr && beyond->total;  // it knows the resource
  return problem(Cause::integrity, Remedy::retry, "the server reports that the range lies beyond the end",
                 refuses_part ? head.status : 0);
}

// Where other connections are in use a refusal may mean "not so many", whatever its status is. It is believed once it
// is given to the only one.
Error Fetcher::final_refusal(const ResponseHead& head) {
  Error error = refusal(head, nullptr);
  const bool is_wrong_password = head.status == 401 && told_ == Told::never_believed;
  if (crowding().judge_status(!is_wrong_password)) {
    error.remedy = Remedy::retry;
  } else if (crowding().believe()) {
    const Origin first = source_.url.current().origin;
    if (!admission_.slot().is_for(first)) context_.pool.led_where_it_should(first);
  }
  return error;
}

std::optional<Error> Fetcher::doubt(const ResponseHead& head, const Verdict& verdict, const Resource* known) const {
  const Shown shown = source_.evidence.shown();
  auto why = shown.doubt(head, verdict, known, context_.request.checksum.has_value());
  if (!why) return {};
  Error error = problem(Cause::changed, Remedy::retry, *std::move(why), head.status);
  if (shown.has_finished()) {
    error.hints = {Hint::replace_with_new_version};
  } else if (source_.evidence.has_answered() || shown.has_begun()) {  // if not, starting over would not bring it
    error.hints = {Hint::accept_new_version};
  }
  return error;
}

// What is doubted, and a page where the host may have no more than that for so many connections. What was no file for
// one download is none for the host's others.
std::optional<Error> Fetcher::doubtful(const ResponseHead& head, const Verdict& verdict, const Resource* known) {
  auto doubted = doubt(head, verdict, known);
  const bool plain = head.status == 200 || head.status == 206;  // of another 2xx no validator counts
  const bool is_named = plain && validator_of(head).strong();
  if (head.status / 100 != 2 || !is_page(head) || is_named) return doubted;
  const bool is_of_no_use = known != nullptr && std::holds_alternative<Contradiction>(verdict);
  if (doubted || is_of_no_use) crowding().rejects_page(head);
  if (doubted || source_.evidence.has_answered()) return doubted;
  const Crowding::Page page = crowding().judge_page(head);
  if (page == Crowding::Page::may_be_file) return {};
  return page == Crowding::Page::is_no_file
             ? problem(Cause::changed, Remedy::retry, "it answered with a page, the same as for another file",
                       head.status)
             : problem(Cause::refused, Remedy::retry,
                       "it answered with a page, perhaps because it serves no more connections at a time", head.status);
}

// Of a fetch whose every form has failed. That a server contradicts itself is final once nothing is left to ask for.
Error Fetcher::outcome(Error first, bool alone) {
  if (first.cause != Cause::integrity || first.http_status != 0) return first;
  const bool is_first = !source_.evidence.has_answered();  // perhaps it is one too many beside other downloads
  const bool is_final = attempt_.form == RequestForm::whole && alone && !(is_first && crowding().judge_refusal());
  return with_remedy(std::move(first), is_final ? Remedy::stop : Remedy::retry);
}

Result<Response> Fetcher::fetch(Range range, const Resource* known, bool alone) {
  if (auto down = given_up_by_others(context_)) return *std::move(down);
  const bool waits_outside = admission_.waits_outside();
  if (waits_outside && !admission_.is_ready()) return cancelled();
  auto ready = admission_.get_ready();
  if (!ready) return std::move(ready).error();
  admission_.skip_back_off(false);
  const std::string name = last_component(source_.url.original());
  std::optional<Error> first;  // later ones only follow from asking in another way
  std::vector<RequestForm> refused;
  crowding().begins_fetch();
  attempt_.spared = attempt_.odd = attempt_.put_off = false;
  for (auto way = std::optional(alone && retry_.only_breaks_off(known) ? RequestForm::whole : source_.forms.current());
       way;) {
    attempt_.form = *way;
    crowding().begins_form();
    const bool past_caches = source_.forms.asks_past_caches();
    const Asked asked = asked_for(range, known, name);
    const auto give_way = [&](Error error, bool of_form) {
      way = of_form ? simpler(asked, known, error, alone) : simpler(alone);
      if (of_form && way) refused.push_back(attempt_.form);
      first = first ? with_outcome(*std::move(first), error) : std::move(error);
      if (way) context_.task_progress.note("retrying with a simpler request: " + first->reason);
    };
    auto judged = get({asked, known, waits_outside && !first});  // or the first form is tried for ever
    if (!judged) {
      Error error = std::move(judged).error();
      if (error.remedy != Remedy::refetch && !(is_unanswered(error) && may_ask_for_all(context_, known))) return error;
      error.remedy = Remedy::retry;  // perhaps it can be read next time
      give_way(std::move(error), true);
      continue;
    }
    context_.task_progress.enter(Phase::fetching);
    auto& [exchange, verdict] = *judged;
    const ResponseHead& head = exchange->head();
    note_verdict(source_, head, verdict);
    if (is_doubtful(verdict) && came_by_cache(head) && !past_caches) {  // perhaps it has kept another version
      source_.forms.ask_past_caches();
      context_.task_progress.note("retrying past the caches");
      continue;
    }
    if (std::holds_alternative<NotModified>(verdict)) return use(std::move(exchange), {}, asked, known);
    auto doubted = doubtful(head, verdict, known);
    if (auto* body = doubted ? nullptr : std::get_if<UsableBody>(&verdict)) {
      if (body->partial || attempt_.form == RequestForm::whole)
        source_.forms.record_success(proven_by(asked, known), RequestForms::Part::head);
      if (!ignored_range(asked, known, *body)) {
        if (!refused.empty()) learn_from(refused, *first);
        return use(std::move(exchange), std::move(*body), asked, known);
      }
    }
    Error error = doubted ? *std::move(doubted) : failure(verdict, head, known);
    const bool is_refusal = error.http_status != 0;
    if (crowding().is_doubted()) attempt_.spared = !alone;  // refused because of the others, perhaps
    if (error.remedy == Remedy::restart || crowding().is_doubted()) return error;
    if (is_refusal) exchange->skip_rest();
    give_way(std::move(error), is_refusal);
  }
  return outcome(*std::move(first), alone);
}

Result<Response> Fetcher::fetch_beside(Range range, const Resource* known) {
  const RequestForm kept = attempt_.form;
  limits_.beside_unread = true;
  auto response = fetch(range, known, false);
  limits_.beside_unread = false;
  if (response) return response;
  attempt_.form = kept;
  crowding().set_doubted(true);  // perhaps because of the other one alone: no failure
  attempt_.spared = false;
  return response;
}

// What was refused is given when it is asked for like this, so the refusals were of the ways of asking.
void Fetcher::learn_from(const std::vector<RequestForm>& refused, const Error& refusal) {
  for (const RequestForm way : refused) source_.forms.record_failure(way, RequestForms::Part::head);
  if (!source_.forms.is_to_report()) return;
  const bool all = attempt_.form == RequestForm::whole;
  context_.task_progress.remark(fmt::format("{} was asked for, and {}: {}",
                                            all ? "a range" : "a range under a condition", refusal.reason,
                                            all ? "all of it was asked for instead" : "asking without the condition"));
}

void Fetcher::received(std::uint64_t bytes) {
  flow_.add(bytes);
  context_.task_progress.bytes().received(bytes);
  Slot& slot = admission_.slot();
  if (slot) slot.received(bytes, context_.throttle.is_limited());  // a response that was kept is read on without
}

std::uint64_t Fetcher::span_limit(std::uint64_t left) const {
  const unsigned expected = context_.pool.expected(source_.url.current().origin);
  const double fair = static_cast<double>(left) / (expected > 1 ? 2.0 * expected : 1.0);
  const double speed = flow_.speed();
  const double timed = speed > 0 ? kSpanTime * speed : kMinSpan;
  return static_cast<std::uint64_t>(std::clamp(std::min(timed, fair), kMinSpan, kMaxSpan));
}

}  // namespace segdl::engine
