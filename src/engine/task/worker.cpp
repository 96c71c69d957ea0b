#include "engine/task/worker.h"

#include "core/base/errors.h"
#include "engine/fetch/fetch_loop.h"

#include <utility>
#include <vector>

namespace segdl::engine {
namespace {

enum class Then { go_on, go_on_as_last, leave };

// A link may give its resource a few times only. So often a response that brings all that is missing is kept while what
// lies behind is asked for: a link that has given it once more each time is taken to give it for ever.
constexpr unsigned kMaxKept = 8;

// A response that carries all of the resource serves one worker; several of them would receive it as many times.
bool must_be_alone(const Response& response, const SegmentSink& sink) {
  return !response.body.partial && response.body.begin != sink.wanted();
}

// The bytes of a part without a length of its own are believed to be of their place only as long as no such body has
// contradicted itself at its end: a server that does that may have done it wherever the end was not read.
Result<void> believe(Work& work, SegmentSink& sink, const Response& response, Result<void> step) {
  const std::vector<Segment> brought = sink.take_brought();
  if (!response.body.partial || response.exchange->head().framing == Framing::length) return step;
  const bool contradicts = !step && step.error().cause == Cause::integrity;
  if (contradicts) sink.drop_unfinished();
  work.dispatcher.unsure(brought, contradicts ? std::optional(step.error()) : std::nullopt);
  return step;
}

Result<void> take(Work& work, Worker& worker, Fetcher& fetcher, SegmentSink& sink, Range want, Response& response) {
  if (!worker.be_served(must_be_alone(response, sink))) {
    Error error = fetcher.problem(Cause::network, Remedy::retry, "it answered with the whole resource, not the range");
    error.http_status = 200;
    return error;
  }
  auto step = believe(work, sink, response, pump(fetcher, work.task_progress, response, sink, worker.token()));
  return step ? check_part(fetcher, sink, response.body, want) : step;
}

Then after_failure(Work& work, Worker& worker, Fetcher& fetcher, SegmentSink& sink, Error error) {
  Dispatcher& dispatcher = work.dispatcher;
  // For another worker, whatever has become of that one.
  const bool declined = error.cause == Cause::network && error.http_status == 200;
  const bool asked = error.cause != Cause::cancelled;
  sink.count_progress();
  const auto [others_served, others_at_work] = worker.failed(!asked || fetcher.retry().made_progress());
  // What the host refuses to one while it serves another is "not so many", whatever it calls it, also where it is no
  // TLS: the last one believes it. What is wrong with a certificate is as well: nothing was sent over that connection.
  const bool final = error.remedy == Remedy::stop;
  const bool refused = final && (error.cause == Cause::integrity || error.cause == Cause::tls ||
                                 (error.cause == Cause::refused && error.http_status != 0));
  const bool last = !others_served && !others_at_work;
  // A contradiction is no answer to one too many where nobody is served.
  const bool believed = error.cause == Cause::integrity ? !others_served : last;
  if (believed && asked && fetcher.retry().asks_once_more()) return Then::go_on_as_last;
  if (refused && !believed) error.remedy = Remedy::retry;
  if (!asked) {
    if (!worker.renew()) return Then::leave;
    if (!others_served || !fetcher.retry().waited_in_vain()) return Then::go_on;
    fetcher.retry().refused();
    return Then::leave;
  }
  if (error.remedy != Remedy::retry && error.remedy != Remedy::refetch) {
    dispatcher.fail(std::move(error));
    return Then::leave;
  }
  auto step = sink.interrupted(error.remedy);
  const bool waits = step && !fetcher.retry().made_progress();
  const bool leaves = waits && (others_at_work || (declined && others_served));
  // Who leaves has told before that it was refused: others come to what it held, and read through what is here.
  if (waits && !leaves) sink.release();
  if (waits && declined && !leaves) return Then::go_on;  // nobody else wants the next answer
  if (step)
    step = leaves ? fetcher.retry().give_up(std::move(error), others_served || declined)
                  : fetcher.retry().pause(std::move(error), worker.token());
  if (step) return leaves ? Then::leave : Then::go_on;
  if (step.error().cause == Cause::cancelled) return worker.renew() ? Then::go_on : Then::leave;
  dispatcher.fail(std::move(step).error());
  return Then::leave;
}

// One worker's responses, and the one that it keeps: left where what follows is here already, with more behind that is
// not. Another is asked for, and once it is there the kept one is dropped. If that is refused as every further one may
// be, the kept one is read on, through what is here: a link that gives its resource once has given all of it.
class Responses {
 public:
  // `at_hand`: of what is missing, or of what lies before it as well.
  Responses(Work& work, Worker& worker, Fetcher& fetcher, std::optional<Response> at_hand)
      : work_(work), worker_(worker), fetcher_(fetcher), kept_(std::move(at_hand)), is_first_(kept_.has_value()) {
    worker_.keeps(is_first_);
  }
  ~Responses() {
    fetcher_.admission().wait_outside(false);
    worker_.keeps(false);
  }
  Responses(const Responses&) = delete;
  Responses& operator=(const Responses&) = delete;

  bool keeps_one() const { return kept_.has_value(); }
  // What it brings. REQUIRES: keeps_one().
  Range rest() const { return {kept_->body.begin, work_.layout.total()}; }
  // Where the next request would have to wait: but for what was at hand, none is kept so long, if it will be asked.
  void let_go() {
    if (!kept_ || is_first_ || fetcher_.context().source.failures.gives_no_more()) return;
    kept_.reset();
    worker_.keeps(false);
  }

  // For these bytes, or from before them on. Waits for no turn, but while one is kept: see Fetcher::wait_outside().
  Result<Response> get(Range want, const Resource& known, const std::stop_token& stop, bool alone) {
    auto kept = std::exchange(kept_, std::nullopt);
    is_first_ = false;
    if (kept && (kept->body.begin == want.begin || fetcher_.context().source.failures.gives_no_more()))
      return *std::move(kept);
    fetcher_.admission().wait_outside(!kept);
    if (!kept) return fetcher_.fetch(want, &known, stop, alone);
    auto response = fetcher_.fetch_beside(want, &known, stop);
    if (!response && fetcher_.retry().is_given_no_more(response.error())) return *std::move(kept);
    more_ = response ? more_ - 1 : 0;  // a server that has no further connection for it
    worker_.keeps(false);
    return response;
  }

  // After it was used up to this byte, where it was left for what is here already.
  void keep(Response response, std::uint64_t at) {
    if (more_ == 0 || response.body.end != work_.layout.total()) return;
    kept_ = std::move(response);
    kept_->body.begin = at;
    worker_.keeps(true);
  }

 private:
  Work& work_;
  Worker& worker_;
  Fetcher& fetcher_;
  std::optional<Response> kept_;
  bool is_first_;  // nothing was taken yet
  unsigned more_ = kMaxKept;
};

}  // namespace

void work_on(Work& work, Worker& worker, Fetcher& fetcher, const Resource& known, bool all,
             std::optional<Response> first) {
  SegmentSink sink(work, worker.assignment(), fetcher);
  Responses responses(work, worker, fetcher, std::move(first));
  const auto fails = [&](Error error) { return after_failure(work, worker, fetcher, sink, std::move(error)); };
  Then then = Then::go_on;
  while (then != Then::leave) {
    // First, so that who waits holds no work: a whole resource that comes to another could not serve it, and others
    // that fail would take it for one that is at work.
    if (!fetcher.admission().is_ready()) responses.let_go();
    const bool keeps_one = responses.keeps_one();
    if (!keeps_one && !fetcher.admission().is_ready()) sink.release();
    auto ready = keeps_one ? Result<void>() : fetcher.admission().get_ready(worker.token());
    if (!ready) {
      then = fails(std::move(ready).error());
      continue;
    }
    all = all || keeps_one;
    const bool brings_all = all && work.dispatcher.missing_bytes() > 0;
    auto want = sink.next(all);
    if (!want) return;  // the download has failed: whoever leads it knows why
    // What others have asked for falls to the response that is kept, if it is refused.
    const bool may_come = keeps_one && worker.may_come_to(work.layout.at(responses.rest().begin));
    if (!want->has_value() && may_come) want = std::optional(responses.rest());
    if (!want->has_value()) return;
    if (brings_all) (*want)->end = work.layout.total();
    const bool alone = then == Then::go_on_as_last || !worker.others_at_work();
    auto response = responses.get(**want, known, worker.token(), alone);
    const bool is_to_wait = !response && response.error().cause == Cause::cancelled && !worker.token().stop_requested();
    if (is_to_wait) continue;
    all = false;
    then = Then::go_on;
    auto step = response ? take(work, worker, fetcher, sink, **want, *response) : Result<void>(response.error());
    if (step) {
      const auto at = sink.left_for_what_is_here();
      if (at && worker.may_come_to(work.layout.at(*at))) responses.keep(*std::move(response), *at);
      if (!worker.assignment().held().empty() || responses.keeps_one()) continue;
      const bool closed = fetcher.admission().is_host_closed();
      // Whoever is served stays: the server may have no more workers than the one that waits for it.
      if (closed && worker.others_at_work()) return;
      const bool others = worker.others_at_work() && worker.serves_others();
      const Slot& slot = fetcher.admission().slot();
      if (others && slot && slot.wanted_elsewhere()) return;
      if (closed) {
        worker.not_served();
        fetcher.admission().leave();
      }
      continue;
    }
    then = fails(std::move(step).error());
  }
}

}  // namespace segdl::engine
