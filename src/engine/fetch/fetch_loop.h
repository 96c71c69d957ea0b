// The way of bytes from responses into a sink.
//
// A sink decides what is still wanted and where bytes go; the loop fetches responses until nothing more is. A sink gets
// whole bodies as well as the ranges it asked for: what it does not want of one, it drops.
#pragma once

#include <segdl/range.h>

#include "core/base/errors.h"
#include "engine/fetch/fetcher.h"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>

namespace segdl::engine {

// Where the bytes of one response after the other go.
template <class S>
concept BodySink = requires(S sink, const UsableBody& body, std::uint64_t offset, std::size_t count, Remedy remedy) {
  // A response begins.
  { sink.begins(body) } -> std::same_as<void>;
  // Where bytes of the resource from `offset` on go; empty: no more of this response is wanted.
  { sink.space(offset) } -> std::same_as<std::span<std::byte>>;
  // They are there, in order within one response.
  { sink.arrived(offset, count) } -> std::same_as<Result<void>>;
  // The response was complete, as framed, and ended at `offset`.
  { sink.body_ended(offset) } -> std::same_as<Result<void>>;
  // It was not, and there may be a pause.
  { sink.interrupted(remedy) } -> std::same_as<Result<void>>;
  // Before body_ended(): nothing but the request's word vouches for this end.
  { sink.only_believes_end() } -> std::same_as<void>;
  // Nothing vouches for the end. Whether the sink has kept what came, for a request that is going to believe it.
  { sink.keep_unvouched() } -> std::same_as<Result<bool>>;
};

// One that decides by itself what is fetched.
template <class S>
concept Sink = BodySink<S> && requires(S sink) {
  // What is wanted next; nothing: all done.
  { sink.next() } -> std::same_as<Result<std::optional<Range>>>;
};

// What most sinks do where they have nothing to do.
struct SinkDefaults {
  void begins(const UsableBody&) {}
  Result<void> body_ended(std::uint64_t) { return {}; }
  Result<void> interrupted(Remedy) { return {}; }
  void only_believes_end() {}
  Result<bool> keep_unvouched() { return false; }
};

class FetchLoop {
 public:
  // REQUIRES: both outlive the loop.
  FetchLoop(Fetcher& fetcher, const Resource& known) : fetcher_(fetcher), known_(known) {}

  // Until the sink wants nothing more. A response at hand is taken for what the sink wants first.
  Result<void> run(Sink auto&);
  // The same, but the end of the first response ends it too, after the pause, with an error to retry.
  Result<void> run_once(Sink auto&);
  // One response, as far as it is wanted.
  Result<void> pump(BodySink auto&, Response&);
  // After that: whether a response that promised less than was asked for has brought something. Some servers send no
  // more at a time, or a half; of one that sends a few bytes at a time each is a failed try.
  Result<void> check_part(BodySink auto&, const UsableBody&, Range want);

 private:
  Result<Response> response_for(Range want, std::optional<Response>& first) {
    return first ? *std::exchange(first, std::nullopt) : fetcher_.fetch(want, &known_);
  }
  Result<void> pause(Sink auto&, const Error&);
  Error unfit(const Response&, std::string reason);
  Result<void> read_end(const Response&);
  // Whether the end of a body is shown: by its framing, by TLS, or in the end by a checksum.
  bool is_end_shown(const Exchange& exchange) const {
    const FetchContext& context = fetcher_.context();
    const bool by_tls = context.source.url.current().origin.secure && !exchange.is_cut();
    return exchange.head().framing != Framing::until_close || by_tls || context.request.checksum;
  }
  // Or else taken for that.
  bool is_end_trusted(const Exchange& exchange) const {
    return is_end_shown(exchange) || fetcher_.context().request.accept_unframed;
  }
  Error early_end(const Response&, std::uint64_t at);
  Result<void> end_open(BodySink auto&, const Response&, std::uint64_t at);
  Error unvouched_end(const Response&, std::uint64_t at) const;

  Fetcher& fetcher_;
  const Resource& known_;
};

// Whether what ended without TLS's own end is a body that has no other.
inline bool is_cut(const Response& response) {
  return response.exchange->head().framing == Framing::until_close && response.exchange->is_cut();
}

// Of what was asked for. A server that gives so much of it each time needs a few requests more, however little is left.
inline constexpr std::uint64_t kFairPart = 8;

// A body of unknown length has ended, with its last chunk or with its connection. Nothing vouches for the latter
// without the end of TLS.
Result<void> FetchLoop::end_open(BodySink auto& sink, const Response& response, std::uint64_t at) {
  if (is_end_trusted(*response.exchange)) {
    if (!is_end_shown(*response.exchange)) sink.only_believes_end();
    return sink.body_ended(at);
  }
  auto kept = sink.keep_unvouched();
  if (!kept) return std::move(kept).error();
  return with_hints(unvouched_end(response, at), {*kept ? Hint::accept_unframed_kept : Hint::accept_unframed});
}

Result<void> FetchLoop::pump(BodySink auto& sink, Response& response) {
  const FetchContext& context = fetcher_.context();
  const std::stop_token stop = fetcher_.flow().token();
  const Instant last = context.deadline.value_or(Instant::max());  // the next read fails
  std::uint64_t at = response.body.begin;
  sink.begins(response.body);
  const auto& end = response.body.end;
  auto ended = at == end ? read_end(response) : Result<void>();
  if (!ended) return ended;
  while (!end || at < *end) {
    std::span<std::byte> space = sink.space(at);
    if (space.empty()) return {};
    space = space.first(std::min<std::uint64_t>(space.size(), context.throttle.max_read()));
    if (end) space = space.first(std::min<std::uint64_t>(space.size(), *end - at));
    auto got = response.exchange->read(space);
    context.task_progress.tolerated(response.exchange->head().tolerated);
    if (!got && got.error().remedy == Remedy::refetch) fetcher_.body_ended(false);
    if (!end && (got ? *got == 0 : is_cut(response))) return end_open(sink, response, at);
    if (!got) return std::move(got).error();
    if (*got == 0) return early_end(response, at);
    fetcher_.received(*got);
    auto taken = at + *got == end ? read_end(response) : Result<void>();
    if (!taken) context.task_progress.bytes().discarded(*got);
    if (taken) taken = sink.arrived(at, *got);
    if (!taken) return taken;
    at += *got;
    if (!context.throttle.consume(*got, stop, last)) return cancelled();
  }
  return sink.body_ended(at);
}

Result<void> FetchLoop::check_part(BodySink auto& sink, const UsableBody& body, Range want) {
  const bool ends_early = body.partial && *body.end < want.end && body.end != body.resource.total;
  if (!ends_early) return {};
  auto step = sink.interrupted(Remedy::retry);
  const bool fair = *body.end - body.begin >= (want.end - want.begin) / kFairPart;
  if (!step || fetcher_.retry().goes_on() || fair) return step;
  return fetcher_.problem(Cause::network, Remedy::retry, "the response was much shorter than what was asked for");
}

// After an error; fails with it, if it ends the download.
Result<void> FetchLoop::pause(Sink auto& sink, const Error& error) {
  if (error.remedy != Remedy::retry && error.remedy != Remedy::refetch) return error;
  auto paused = sink.interrupted(error.remedy);
  return paused ? fetcher_.retry().pause(error) : paused;
}

Result<void> FetchLoop::run(Sink auto& sink) {
  auto first = std::exchange(fetcher_.at_hand(), std::nullopt);
  for (;;) {
    auto want = sink.next();
    if (!want) return std::move(want).error();
    if (!want->has_value()) return {};
    auto response = response_for(**want, first);
    auto step = response ? pump(sink, *response) : Result<void>(response.error());
    if (step) step = check_part(sink, response->body, **want);
    if (!step) step = pause(sink, step.error());
    if (!step) return step;
  }
}

Result<void> FetchLoop::run_once(Sink auto& sink) {
  auto first = std::exchange(fetcher_.at_hand(), std::nullopt);
  auto want = sink.next();
  if (!want) return std::move(want).error();
  if (!want->has_value()) return {};
  auto response = response_for(**want, first);
  auto step = response ? pump(sink, *response) : Result<void>(response.error());
  if (step) {
    want = sink.next();
    if (!want) return std::move(want).error();
    if (!want->has_value()) return {};
    step = fetcher_.problem(Cause::network, Remedy::retry, "the response was shorter than what was asked for");
  }
  auto paused = pause(sink, step.error());
  return paused ? with_remedy(std::move(step).error(), Remedy::retry) : paused;
}

}  // namespace segdl::engine
