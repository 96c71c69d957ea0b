// The way of bytes from responses into a sink.
//
// A sink says what it still wants and where bytes go; the loop gets it responses until it wants nothing more. A sink
// has
//
//   Result<std::optional<Range>> next(stop)       what is wanted next; nothing: all done
//   void begins(body)                             a response begins
//   std::span<std::byte> space(offset)            where bytes of the resource from `offset` on go; empty: no more of
//   this
//                                                 response is wanted
//   Result<void> arrived(offset, count)           they are there, in order within one response
//   Result<void> body_ended(offset)               the response was complete, as framed, and ended at `offset`
//   Result<void> interrupted(remedy)              it was not, and there may be a pause
//
// and gets whole bodies as well as the ranges it asked for: what it does not want of one, it drops.
#pragma once

#include "core/base/errors.h"
#include "engine/fetch/fetcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stop_token>
#include <utility>

namespace segdl::engine {

// Where the end of a body is not what it was to be. Of a whole resource without a strong validator another length is
// another version's, all else a contradiction: then the bytes of a part may be those of another place.
inline Error unfit(Fetcher& fetcher, const Response& response, std::string reason) {
  fetcher.body_ended(false);
  if (response.body.partial) fetcher.context().source.forms.distrust_unmeasured();
  const bool changed = !response.body.partial && !response.body.validator.strong();
  const Remedy remedy = changed ? Remedy::restart : response.body.partial ? Remedy::refetch : Remedy::retry;
  return fetcher.problem(changed ? Cause::changed : Cause::integrity, remedy, std::move(reason));
}

// Whether what ended without TLS's own end is a body that has no other.
inline bool is_cut(const Response& response) {
  return response.exchange->head().framing == Framing::until_close && response.exchange->is_cut();
}

// The end of the body's framing, where all bytes that were promised have come. Unless it is framed by a length, they
// were promised by another field or by another response, so the last of them are not used before the end has been seen.
inline Result<void> read_end(Fetcher& fetcher, const Response& response) {
  const auto& [begin, end, total, validator, partial, coding] = response.body;
  std::array<std::byte, 512> beyond;
  const auto more = response.exchange->read(beyond);
  const bool is_believed = is_cut(response) && fetcher.is_end_trusted(*response.exchange);
  if (!more) return partial || is_believed ? Result<void>() : more.error();
  if (*more > 0) return unfit(fetcher, response, fmt::format("the response goes on after byte {}, its end", *end));
  fetcher.body_ended(true);
  return {};
}

// Why the response ended before its end. REQUIRES: it has one.
inline Error early_end(Fetcher& fetcher, const Response& response, std::uint64_t at) {
  const auto& [begin, end, total, validator, partial, coding] = response.body;
  std::string reason = fmt::format("the response ended after {} of {} bytes", at - begin, *end - begin);
  if (!partial && response.exchange->head().framing == Framing::chunked)
    return unfit(fetcher, response, std::move(reason));
  return fetcher.problem(Cause::network, Remedy::retry, std::move(reason));
}

// A body of unknown length has ended, with its last chunk or with its connection. Nothing vouches for the latter where
// TLS has not told of it, so a sink may keep what came, for who is willing to believe it.
template <class Sink>
Result<void> end_open(Fetcher& fetcher, const Response& response, Sink& sink, std::uint64_t at) {
  if (fetcher.is_end_trusted(*response.exchange)) {
    if constexpr (requires { sink.only_believes_end(); }) {
      if (!fetcher.is_end_shown(*response.exchange)) sink.only_believes_end();
    }
    return sink.body_ended(at);
  }
  const char* missing =
      response.exchange->is_cut() ? "neither a length nor the end of TLS shows" : "the server sent no length to show";
  Error error =
      fetcher.problem(Cause::integrity, Remedy::stop,
                      fmt::format("the connection ended after {} bytes, and {} whether that is all", at, missing));
  if constexpr (requires { sink.keep_unvouched(); }) {
    auto kept = sink.keep_unvouched();
    if (!kept) return kept;
    return with_hints(std::move(error), {Hint::accept_unframed_kept});
  }
  return with_hints(std::move(error), {Hint::accept_unframed});
}

template <class Sink>
Result<void> pump(Fetcher& fetcher, TaskProgress& task_progress, Response& response, Sink& sink,
                  const std::stop_token& stop) {
  const std::stop_callback cut(stop, [&response] { response.cut.request_stop(); });
  std::uint64_t at = response.body.begin;
  sink.begins(response.body);
  const auto& end = response.body.end;
  if (at == end) {
    auto ended = read_end(fetcher, response);
    if (!ended) return ended;
  }
  while (!end || at < *end) {
    std::span<std::byte> space = sink.space(at);
    if (space.empty()) return {};
    space = space.first(std::min<std::uint64_t>(space.size(), fetcher.flow().max_read()));
    if (end) space = space.first(std::min<std::uint64_t>(space.size(), *end - at));
    auto got = response.exchange->read(space);
    task_progress.tolerated(response.exchange->head().tolerated);
    if (!got && got.error().remedy == Remedy::refetch) fetcher.body_ended(false);
    if (!end && (got ? *got == 0 : is_cut(response))) return end_open(fetcher, response, sink, at);
    if (!got) return std::move(got).error();
    if (*got == 0) return early_end(fetcher, response, at);
    task_progress.bytes().received(*got);
    auto taken = at + *got == end ? read_end(fetcher, response) : Result<void>();
    if (!taken) task_progress.bytes().discarded(*got);
    if (taken) taken = sink.arrived(at, *got);
    if (!taken) return taken;
    at += *got;
    if (!fetcher.flow().received(*got, stop)) return cancelled();
  }
  return sink.body_ended(at);
}

// Of what was asked for. A server that gives so much of it each time needs a few requests more, however little is left.
inline constexpr std::uint64_t kFairPart = 8;

// After a response that was used: whether one that promised less than was asked for has brought something. Some servers
// send no more at once, or a half; of one that sends a few bytes at a time each is a failed try.
template <class Sink>
Result<void> check_part(Fetcher& fetcher, Sink& sink, const UsableBody& body, Range want) {
  const bool ends_early = body.partial && *body.end < want.end && body.end != body.total;
  if (!ends_early) return {};
  auto step = sink.interrupted(Remedy::retry);
  const bool fair = *body.end - body.begin >= (want.end - want.begin) / kFairPart;
  if (!step || fetcher.retry().goes_on() || fair) return step;
  return fetcher.problem(Cause::network, Remedy::retry, "the response was much shorter than what was asked for");
}

// Runs until the sink wants nothing more. `first` is a response already at hand for what the sink wants first. With
// `stop_at_break` the end of the first response ends it too, after the pause, with an error to retry.
template <class Sink>
Result<void> fetch_into(Sink& sink, Fetcher& fetcher, TaskProgress& task_progress, const Resource& known,
                        std::optional<Response> first, bool stop_at_break, std::stop_token stop) {
  for (;;) {
    auto want = sink.next(stop);
    if (!want) return std::move(want).error();
    if (!want->has_value()) return {};
    auto response = first ? Result<Response>(*std::exchange(first, std::nullopt)) : fetcher.fetch(**want, &known, stop);
    auto step = response ? pump(fetcher, task_progress, *response, sink, stop) : Result<void>(response.error());
    if (step && !stop_at_break) step = check_part(fetcher, sink, response->body, **want);
    if (step && !stop_at_break) continue;
    if (step) {
      auto more = sink.next(stop);
      if (!more) return std::move(more).error();
      if (!more->has_value()) return {};
      step = fetcher.problem(Cause::network, Remedy::retry, "the response was shorter than what was asked for");
    }
    if (step.error().remedy != Remedy::retry && step.error().remedy != Remedy::refetch) return step;
    auto paused = sink.interrupted(step.error().remedy);
    if (paused) paused = fetcher.retry().pause(step.error(), stop);
    if (!paused) return paused;
    step.error().remedy = Remedy::retry;
    if (stop_at_break) return step;
  }
}

}  // namespace segdl::engine
