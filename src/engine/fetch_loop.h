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
//   Result<void> interrupted()                    it was not, and there may be a pause
//
// and gets whole bodies as well as the ranges it asked for: what it does not want of one, it drops.
#pragma once

#include "engine/errors.h"
#include "engine/fetcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stop_token>
#include <utility>

namespace segdl::engine {

// The end of the body's framing, after all bytes that were promised: more bytes than that are a contradiction.
inline void read_end(Fetcher& fetcher, Exchange& exchange) {
  if (exchange.head().framing == Framing::until_close) return;
  std::array<std::byte, 512> beyond;
  const auto more = exchange.read(beyond);
  if (more) fetcher.body_ended(*more == 0);
}

template <class Sink>
Result<void> pump(Fetcher& fetcher, Meter& meter, Reply& reply, Sink& sink, const std::stop_token& stop) {
  const std::stop_callback cut(stop, [&reply] { reply.cut.request_stop(); });
  std::uint64_t at = reply.body.begin;
  sink.begins(reply.body);
  const auto& end = reply.body.end;
  while (!end || at < *end) {
    std::span<std::byte> space = sink.space(at);
    if (space.empty()) return {};
    space = space.first(std::min<std::uint64_t>(space.size(), fetcher.portion()));
    if (end) space = space.first(std::min<std::uint64_t>(space.size(), *end - at));
    auto got = reply.exchange->read(space);
    if (!got && got.error().remedy == Remedy::refetch) fetcher.body_ended(false);
    if (!got) return std::move(got).error();
    if (*got == 0) {
      if (!end && fetcher.end_is_trusted(*reply.exchange)) return sink.body_ended(at);
      if (!end) {
        return with_way_out(
            fetcher.problem(Cause::integrity, Remedy::stop,
                            fmt::format("the connection ended after {} bytes, and the server gave no length to tell "
                                        "whether that is all",
                                        at)),
            "use --accept-unframed to believe it");
      }
      return fetcher.problem(
          Cause::network, Remedy::retry,
          fmt::format("the response ended after {} of {} bytes", at - reply.body.begin, *end - reply.body.begin));
    }
    meter.received(*got);
    auto taken = sink.arrived(at, *got);
    if (!taken) return taken;
    at += *got;
    if (!fetcher.received(*got, stop)) return cancelled();
  }
  read_end(fetcher, *reply.exchange);
  return sink.body_ended(at);
}

// After a response that was used: whether one that promised less than was asked for has brought something. Some servers
// send no more at once; of one that sends a few bytes at a time each is a failed try.
template <class Sink>
Result<void> check_part(Fetcher& fetcher, Sink& sink, const UsableBody& body, Range want) {
  const bool ends_early = body.partial && *body.end < want.end && body.end != body.total;
  if (!ends_early) return {};
  auto step = sink.interrupted();
  if (!step || fetcher.goes_on()) return step;
  return fetcher.problem(Cause::network, Remedy::retry, "the response was much shorter than what was asked for");
}

// Runs until the sink wants nothing more. `first` is a response already at hand for what the sink wants first. With
// `stop_at_break` the end of the first response ends it too, after the pause, with an error to retry.
template <class Sink>
Result<void> fetch_into(Sink& sink, Fetcher& fetcher, Meter& meter, const Known& known, std::optional<Reply> first,
                        bool stop_at_break, std::stop_token stop) {
  for (;;) {
    auto want = sink.next(stop);
    if (!want) return std::move(want).error();
    if (!want->has_value()) return {};
    auto reply = first ? Result<Reply>(*std::exchange(first, std::nullopt)) : fetcher.ask(**want, &known, stop);
    auto step = reply ? pump(fetcher, meter, *reply, sink, stop) : Result<void>(reply.error());
    if (step && !stop_at_break) step = check_part(fetcher, sink, reply->body, **want);
    if (step && !stop_at_break) continue;
    if (step) {
      auto more = sink.next(stop);
      if (!more) return std::move(more).error();
      if (!more->has_value()) return {};
      step = fetcher.problem(Cause::network, Remedy::retry, "the response was shorter than what was asked for");
    }
    if (step.error().remedy != Remedy::retry && step.error().remedy != Remedy::refetch) return step;
    auto paused = sink.interrupted();
    if (paused) paused = fetcher.pause(step.error(), stop);
    if (!paused) return paused;
    step.error().remedy = Remedy::retry;
    if (stop_at_break) return step;
  }
}

}  // namespace segdl::engine
