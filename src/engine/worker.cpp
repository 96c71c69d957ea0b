#include "engine/worker.h"

#include "engine/errors.h"
#include "engine/fetch_loop.h"

#include <utility>
#include <vector>

namespace segdl::engine {
namespace {

enum class Then { go_on, go_on_as_last, leave };

// A response that carries all of the resource serves one worker; several of them would receive it as many times.
bool must_be_alone(const Reply& reply, const SegmentSink& sink) {
  return !reply.body.partial && reply.body.begin != sink.wanted();
}

// The bytes of a part without a length of its own are believed to be of their place only as long as no such body has
// contradicted itself at its end: a server that does that may have done it wherever the end was not read.
Result<void> believe(Work& work, SegmentSink& sink, const Reply& reply, Result<void> step) {
  std::vector<Segment> brought = sink.take_brought();
  if (!reply.body.partial || reply.exchange->head().framing == Framing::length) return step;
  const bool contradicts = !step && step.error().cause == Cause::integrity;
  if (contradicts) sink.drop_unfinished();
  work.dispatcher.unsure(std::move(brought), contradicts ? std::optional(step.error()) : std::nullopt);
  return step;
}

Result<void> take(Work& work, Hand& hand, Fetcher& fetcher, SegmentSink& sink, Range want, Reply reply) {
  if (!work.dispatcher.be_served(hand, must_be_alone(reply, sink))) {
    Error error = fetcher.problem(Cause::network, Remedy::retry, "it answered with the whole resource, not the range");
    error.http_status = 200;
    return error;
  }
  auto step = believe(work, sink, reply, pump(fetcher, work.meter, reply, sink, hand.token()));
  return step ? check_part(fetcher, sink, reply.body, want) : step;
}

Then after_failure(Work& work, Hand& hand, Fetcher& fetcher, SegmentSink& sink, Error error) {
  Dispatcher& dispatcher = work.dispatcher;
  // For another worker, whatever has become of that one.
  const bool declined = error.cause == Cause::network && error.http_status == 200;
  const bool asked = error.cause != Cause::cancelled;
  sink.count_progress();
  const auto [others_served, others_at_work] = dispatcher.failed(hand, !asked || fetcher.got_on());
  // What the host refuses to one while it serves another is "not so many", whatever it calls it: the last one believes
  // it.
  const bool final = error.remedy == Remedy::stop;
  const bool refused =
      final && (error.cause == Cause::integrity || (error.cause == Cause::refused && error.http_status != 0));
  const bool last = !others_served && !others_at_work;
  // A contradiction is no answer to one too many where nobody is served.
  const bool believed = error.cause == Cause::integrity ? !others_served : last;
  if (believed && asked && fetcher.asks_once_more()) return Then::go_on_as_last;
  if (refused && !believed) error.remedy = Remedy::retry;
  if (!asked) {
    if (!dispatcher.renew(hand)) return Then::leave;
    if (!others_served || !fetcher.waited_in_vain()) return Then::go_on;
    fetcher.refused();
    return Then::leave;
  }
  if (error.remedy != Remedy::retry && error.remedy != Remedy::refetch) {
    dispatcher.fail(std::move(error));
    return Then::leave;
  }
  auto step = sink.interrupted(error.remedy);
  const bool waits = step && !fetcher.got_on();
  const bool leaves = waits && (others_at_work || (declined && others_served));
  if (waits) sink.release();
  if (waits && declined && !leaves) return Then::go_on;  // nobody else wants the next answer
  if (step)
    step = leaves ? fetcher.give_up(std::move(error), others_served || declined)
                  : fetcher.pause(std::move(error), hand.token());
  if (step) return leaves ? Then::leave : Then::go_on;
  if (step.error().cause == Cause::cancelled) return dispatcher.renew(hand) ? Then::go_on : Then::leave;
  dispatcher.fail(std::move(step).error());
  return Then::leave;
}

}  // namespace

void work_on(Work& work, Hand& hand, Fetcher& fetcher, const Known& known, bool all, std::optional<Reply> first) {
  SegmentSink sink(work, hand, fetcher);
  const auto fails = [&](Error error) { return after_failure(work, hand, fetcher, sink, std::move(error)); };
  Then then = Then::go_on;
  while (then != Then::leave) {
    // First, so that who waits holds no work: a whole resource that comes to another could not serve it, and others
    // that fail would take it for one that is at work.
    if (!first && !fetcher.is_ready()) sink.release();
    auto ready = first ? Result<void>() : fetcher.get_ready(hand.token());
    if (!ready) {
      then = fails(std::move(ready).error());
      continue;
    }
    auto want = sink.next(all);
    if (!want) return;  // the download has failed: whoever leads it knows why
    if (!want->has_value()) return;
    if (std::exchange(all, false)) (*want)->end = work.layout.total();
    const bool alone = std::exchange(then, Then::go_on) == Then::go_on_as_last || !work.dispatcher.others_at_work(hand);
    auto reply =
        first ? Result<Reply>(*std::exchange(first, std::nullopt)) : fetcher.ask(**want, &known, hand.token(), alone);
    auto step =
        reply ? take(work, hand, fetcher, sink, **want, std::move(*reply)) : Result<void>(std::move(reply).error());
    if (step) {
      if (!work.dispatcher.held(hand).empty()) continue;
      const bool closed = fetcher.must_wait();
      // Whoever is served stays: the server may have no more workers than the one that waits for it.
      if (closed && work.dispatcher.others_at_work(hand)) return;
      const bool others = work.dispatcher.others_at_work(hand) && work.dispatcher.serves_others(hand);
      if (others && fetcher.wanted_elsewhere()) return;
      if (closed) {
        work.dispatcher.not_served(hand);
        fetcher.leave();
      }
      continue;
    }
    then = fails(std::move(step).error());
  }
}

}  // namespace segdl::engine
