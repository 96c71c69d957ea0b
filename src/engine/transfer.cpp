#include "engine/transfer.h"

#include "engine/checkpoint.h"
#include "engine/dispatcher.h"
#include "engine/errors.h"
#include "engine/fetch_loop.h"
#include "engine/sampler.h"
#include "engine/segment_sink.h"
#include "engine/stream_sink.h"
#include "engine/verifier.h"

#include <fmt/format.h>

#include <deque>
#include <limits>
#include <thread>
#include <utility>
#include <vector>

namespace segdl::engine {
namespace {

constexpr Range kProbe{0, 4 * kMiB};
// The last of them asks for the whole resource in one response, which needs no validator: some servers name another one
// at every turn.
constexpr unsigned kMaxRestarts = 3;
constexpr std::uint32_t kSamplesOfOtherUrl = 3;  // J8
constexpr std::uint32_t kSamplesOfWeak = 1;

Known known_of(const Identity& identity) {
  return {identity.layout ? std::optional(identity.layout->total()) : identity.stream_total, identity.validator};
}

}  // namespace

Transfer::Transfer(Env env, const Request& request, const SessionOptions& options, Url url, std::string name,
                   Meter& meter)
    : env_(env),
      request_(request),
      options_(options),
      url_(std::move(url)),
      name_(std::move(name)),
      meter_(meter),
      fetcher_(env, request, options, url_, meter),
      begun_(env.clock.now()) {}

Result<Report> Transfer::run(std::stop_token stop) {
  auto opened = Place::open(env_.files, name_, request_, stop);
  if (!opened) return std::move(opened).error();
  Place& place = *opened;
  for (const std::string& note : place.notes()) meter_.remark(note);
  if (place.found() == Place::Found::finished) {
    auto status = place.data().status();
    if (!status) return std::move(status).error();
    strong_ = place.published_identity().validator.strong();
    meter_.remark("it had arrived whole before; only the journal was left to remove");
    meter_.plan(status->size, status->size);
    return report(place);
  }
  auto step = fetch_until_whole(place, stop);
  if (step) step = place.publish(request_.overwrite, request_.sync);
  if (!step) {
    Error error = final_error(std::move(step).error(), place);
    place.leave();
    return error;
  }
  return report(place);
}

Result<void> Transfer::fetch_until_whole(Place& place, std::stop_token stop) {
  for (;;) {
    auto step = fetch_version(place, stop);
    if (step || step.error().remedy != Remedy::restart) return step;
    step = start_over(place, std::move(step).error());
    if (!step) return step;
  }
}

Result<void> Transfer::fetch_version(Place& place, std::stop_token stop) {
  if (place.found() == Place::Found::resumable && place.has_journal()) return continue_version(place, stop);
  return begin_version(place, stop);
}

// A resource of which nothing is known yet, or nothing any more.
Result<void> Transfer::begin_version(Place& place, std::stop_token stop) {
  auto first = first_reply(stop);
  if (!first) return std::move(first).error();
  auto identity = plan(*first);
  if (!identity) return std::move(identity).error();
  if (place.found() == Place::Found::start_over) {
    auto aside = place.start_over();
    if (!aside) return aside;
  }
  Facts facts;
  facts.url = url_.redacted();
  auto begun = place.begin(*identity, facts);
  if (!begun) return begun;
  const Known known = known_of(*identity);
  strong_ = known.validator.strong();
  meter_.plan(known.total, 0);
  if (identity->layout) return fetch_segments(place, known, std::move(*first), stop);
  return fetch_stream(place, known, std::move(*first), stop);
}

// The first usable response. Without a strong validator it is made to carry all of the resource.
Result<Reply> Transfer::first_reply(std::stop_token stop) {
  Range range = kProbe;
  std::optional<Known> known;
  for (;;) {
    auto reply = fetcher_.ask(range, known ? &*known : nullptr, stop);
    if (reply) {
      const UsableBody& body = reply->body;
      if (!body.partial || body.validator.strong() || body.end == body.total) return reply;
      if (known) fetcher_.ask_whole();  // not even this was given in one piece
      range = {0, *body.total};
      known = Known{body.total, body.validator};
      meter_.remark("the server names no strong validator: fetching in one piece");
      continue;
    }
    if (reply.error().remedy != Remedy::retry) return reply;
    auto paused = fetcher_.pause(std::move(reply).error(), stop);
    if (!paused) return std::move(paused).error();
  }
}

Result<Identity> Transfer::plan(const Reply& reply) const {
  const UsableBody& body = reply.body;
  Identity identity;
  identity.validator = body.validator;
  if (!body.partial || *body.total == 0) {
    identity.stream_total = body.total;
    return identity;
  }
  const std::uint64_t size =
      request_.segment_size != 0 ? request_.segment_size : Layout::default_segment_size(*body.total);
  if (*body.total / size >= std::numeric_limits<std::uint32_t>::max()) {
    return make_error(Cause::usage, Remedy::stop, "lay out", name_,
                      fmt::format("segments of {} bytes are too small for {} bytes", size, *body.total));
  }
  identity.layout = Layout(*body.total, size);
  return identity;
}

Result<void> Transfer::continue_version(Place& place, std::stop_token stop) {
  const Known known = known_of(place.journal().identity());
  strong_ = known.validator.strong();
  const Layout& layout = *place.journal().identity().layout;
  auto sized = place.data().status();
  if (!sized) return std::move(sized).error();
  // It died between naming the journal and setting the length, or somebody cut the file: then the proofs tell.
  if (sized->size != layout.total()) {
    auto resized = place.data().resize(layout.total());
    if (!resized) return resized;
  }
  auto same = check_same(place, known, stop);
  if (!same) return same;
  return fetch_segments(place, known, std::nullopt, stop);
}

// Whether the journal may be continued from this URL (J8) and under this validator.
Result<void> Transfer::check_same(Place& place, const Known& known, std::stop_token stop) {
  if (place.journal().claimed() == 0) return {};
  const auto facts = place.journal().facts();
  // Where a secret was left out of the URL, that can't tell one resource from another.
  const std::string url = url_.redacted();
  const bool same_url = facts && facts->url == url && (known.validator.strong() || url == url_.text());
  if (!same_url && !known.validator.strong()) {
    Error error = fetcher_.problem(Cause::changed, Remedy::stop,
                                   "what is here may be of another URL, and there is no strong validator to compare");
    error.way_out = "start over with --no-resume, or choose another name with -o";
    return error;
  }
  if (!known.validator.strong()) meter_.remark("no strong validator: comparing one finished segment before going on");
  if (same_url && known.validator.strong()) return {};
  auto compared = compare_samples(place, known, same_url ? kSamplesOfWeak : kSamplesOfOtherUrl, stop);
  if (!compared && compared.error().remedy == Remedy::restart && !same_url) {
    Error error = std::move(compared).error();
    error.remedy = Remedy::stop;
    error.way_out = "choose another name with -o, or start over with --no-resume";
    return error;
  }
  if (!compared || same_url) return compared;
  Facts updated = facts.value_or(Facts{});
  updated.url = url_.redacted();
  return place.journal().set_facts(updated);
}

Result<void> Transfer::compare_samples(Place& place, const Known& known, std::uint32_t count, std::stop_token stop) {
  Sampler sampler(place.journal(), meter_, fetcher_, choose_samples(place.journal(), count));
  return fetch_into(sampler, fetcher_, meter_, known, std::nullopt, false, stop);
}

Result<void> Transfer::fetch_segments(Place& place, const Known& known, std::optional<Reply> first,
                                      std::stop_token stop) {
  Journal& journal = place.journal();
  const Layout& layout = *journal.identity().layout;
  std::vector<bool> claims(layout.count());
  std::vector<Segment> inherited;
  std::uint64_t reused = 0;
  for (std::uint32_t i = 0; i < layout.count(); ++i) {
    claims[i] = journal.claims(Segment{i});
    if (!claims[i]) continue;
    inherited.push_back(Segment{i});
    reused += layout.range(Segment{i}).size();
  }
  meter_.plan(layout.total(), reused);
  meter_.enter(Phase::fetching);
  Dispatcher dispatcher(layout, claims);
  Checkpoint checkpoint(env_.clock, place.data(), journal, request_.sync, std::move(inherited));
  std::jthread verifier([&](std::stop_token own) { verify_claims(dispatcher, place.data(), journal, meter_, own); });
  const std::stop_callback stop_verifier(stop, [&] { verifier.request_stop(); });
  SegmentSink sink(place, dispatcher, checkpoint, meter_, fetcher_, !known.validator.strong());
  for (;;) {
    auto step =
        fetch_into(sink, fetcher_, meter_, known, std::exchange(first, std::nullopt), !known.validator.strong(), stop);
    if (step) return settle(place, checkpoint);
    if (known.validator.strong() || step.error().remedy != Remedy::retry) return step;
    sink.drop_unfinished();
    Sampler sampler(
        journal, meter_, fetcher_,
        sink.last_committed() ? std::deque{*sink.last_committed()} : choose_samples(journal, kSamplesOfWeak));
    step = fetch_into(sampler, fetcher_, meter_, known, std::nullopt, false, stop);
    if (!step) return step;
  }
}

Result<void> Transfer::fetch_stream(Place& place, const Known& known, Reply first, std::stop_token stop) {
  if (first.body.total != std::uint64_t{0})
    meter_.remark(first.body.total ? "the server does not serve ranges: an interruption begins again from the start"
                                   : "the server does not tell the size: an interruption begins again from the start");
  fetcher_.ask_whole();
  StreamSink sink(place, meter_, fetcher_);
  auto step = fetch_into(sink, fetcher_, meter_, known, std::move(first), false, stop);
  if (!step) return step;
  Checkpoint checkpoint(env_.clock, place.data(), place.journal(), request_.sync, {});
  return settle(place, checkpoint);
}

// Everything is there: the file gets its final mode, and all of it goes to disk.
Result<void> Transfer::settle(Place& place, Checkpoint& checkpoint) {
  meter_.enter(Phase::publishing);
  auto step = place.data().set_mode(env_.files.default_mode());
  return step ? checkpoint.force() : step;
}

// The resource changed. Whether that is safe to believe is decided here (rules 5 and 9 of doc/http.md).
Result<void> Transfer::start_over(Place& place, Error error) {
  const bool loses_claims = place.has_journal() && place.journal().claimed() > 0;
  if (loses_claims && !place.journal().identity().validator.strong()) {
    error.remedy = Remedy::stop;
    error.way_out = "if the new version is what you want, start over with --no-resume";
    return error;
  }
  if (++restarts_ > kMaxRestarts) {
    error.remedy = Remedy::stop;
    error.reason += fmt::format(" (it changed {} times)", restarts_);
    return error;
  }
  meter_.remark(fmt::format("the resource changed ({}): starting over", error.reason));
  meter_.start_over();
  fetcher_.begin_again(restarts_ < kMaxRestarts - 1 ? Asking::conditional : Asking::whole);
  return place.has_journal() ? place.start_over() : Result<void>();
}

Report Transfer::report(const Place& place) const {
  const Progress progress = meter_.progress();
  Report report;
  report.output = place.path();
  report.total = progress.done;
  report.fetched = progress.fetched;
  report.reused = progress.reused;
  report.revoked = meter_.revoked_bytes();
  report.wasted = meter_.wasted();
  report.retries = progress.retries;
  report.restarts = restarts_;
  report.verified_to = strong_ ? VerifiedTo::strong_validator : VerifiedTo::length;
  report.insecure = url_.origin.secure && options_.insecure;
  report.notes = meter_.remarks();
  report.elapsed = env_.clock.now() - begun_;
  return report;
}

Error Transfer::final_error(Error error, Place& place) {
  error.remedy = Remedy::stop;
  error.resumable = place.has_journal() && place.journal().identity().layout.has_value();
  return error;
}

}  // namespace segdl::engine
