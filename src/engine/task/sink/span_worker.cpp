#include "engine/task/sink/span_worker.h"

#include "core/base/errors.h"
#include "engine/fetch/fetch_loop.h"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace segdl::engine {
namespace {

// One worker's responses, and the one that it keeps: left where what follows is here already, with more behind that is
// not. Another is asked for, and once it is there the kept one is dropped. If that is refused as every further one may
// be, the kept one is read on, through what is here: a link that gives its resource once has given all of it.
class Responses {
 public:
  Responses(Work& work, Worker& worker, Fetcher& fetcher) : work_(work), worker_(worker), fetcher_(fetcher) {}
  ~Responses() {
    fetcher_.admission().wait_outside(false);
    worker_.keeps(false);
  }
  Responses(const Responses&) = delete;
  Responses& operator=(const Responses&) = delete;

  // With the fetcher's response at hand, if there is one: of what is missing, or of what lies before it as well.
  void begin() {
    kept_ = std::exchange(fetcher_.at_hand(), std::nullopt);
    is_first_ = kept_.has_value();
    worker_.keeps(is_first_);
  }

  bool keeps_one() const { return kept_.has_value(); }
  // What it brings. REQUIRES: keeps_one().
  Range rest() const { return {kept_->body.begin, work_.layout.total()}; }

  // Where the next request would have to wait: but for what was at hand, none is kept so long, if it will be asked.
  void let_go() {
    if (!kept_ || is_first_ || fetcher_.context().source.failures.gives_no_more()) return;
    kept_.reset();
    worker_.keeps(false);
  }

  // For these bytes, or from before them on. Waits for no slot, but while one is kept: see Admission::wait_outside().
  Result<Response> get(Range want, bool alone) {
    auto kept = std::exchange(kept_, std::nullopt);
    is_first_ = false;
    const bool reads_through = fetcher_.context().source.failures.gives_no_more();
    if (kept && (kept->body.begin == want.begin || reads_through)) return *std::move(kept);
    fetcher_.admission().wait_outside(!kept);
    if (!kept) return fetcher_.fetch(want, &work_.known, alone);
    auto response = fetcher_.fetch_beside(want, &work_.known);
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
  // A link may give its resource a few times only. So often a response that brings all that is missing is kept while
  // what lies behind is asked for: a link that has given it once more each time is taken to give it for ever.
  static constexpr unsigned kMaxKept = 8;

  Work& work_;
  Worker& worker_;
  Fetcher& fetcher_;
  std::optional<Response> kept_;
  bool is_first_ = false;  // nothing was taken yet
  unsigned more_ = kMaxKept;
};

class SpanWorker {
 public:
  SpanWorker(Work& work, Worker& worker, Fetcher& fetcher)
      : work_(work),
        worker_(worker),
        fetcher_(fetcher),
        sink_(work, worker.assignment(), fetcher),
        responses_(work, worker, fetcher) {}

  void run(bool all) {
    responses_.begin();
    Then then = Then::go_on;
    while (then != Then::leave) {
      // First, so that who waits holds no work: a whole resource that comes to another could not serve it, and others
      // that fail would take it for one that is at work.
      if (!fetcher_.admission().is_ready()) responses_.let_go();
      const bool keeps_one = responses_.keeps_one();
      if (!keeps_one && !fetcher_.admission().is_ready()) sink_.release();
      auto ready = keeps_one ? Result<void>() : fetcher_.admission().get_ready();
      if (!ready) {
        then = after_failure(std::move(ready).error());
        continue;
      }
      all = all || keeps_one;
      const bool brings_all = all && work_.dispatcher.missing_bytes() > 0;
      auto want = sink_.next(all);
      if (!want) return;  // the download has failed: its leader knows why
      // What others have asked for falls to the response that is kept, if it is refused.
      const bool may_come = keeps_one && worker_.may_come_to(work_.layout.at(responses_.rest().begin));
      if (!want->has_value() && may_come) want = std::optional(responses_.rest());
      if (!want->has_value()) return;
      if (brings_all) (*want)->end = work_.layout.total();
      const bool alone = then == Then::go_on_as_last || !worker_.others_at_work();
      auto response = responses_.get(**want, alone);
      const bool is_to_wait =
          !response && response.error().cause == Cause::cancelled && !fetcher_.flow().token().stop_requested();
      if (is_to_wait) continue;
      all = false;
      then = Then::go_on;
      auto step = response ? take(**want, *response) : Result<void>(response.error());
      if (step) {
        const auto at = sink_.left_for_what_is_here();
        if (at && worker_.may_come_to(work_.layout.at(*at))) responses_.keep(*std::move(response), *at);
        if (!worker_.assignment().held().empty() || responses_.keeps_one()) continue;
        const bool closed = fetcher_.admission().is_host_closed();
        // A worker that is served stays: the server may have no more workers than the one that waits for it.
        if (closed && worker_.others_at_work()) return;
        const bool others = worker_.others_at_work() && worker_.serves_others();
        const Slot& slot = fetcher_.admission().slot();
        if (others && slot && slot.wanted_elsewhere()) return;
        if (closed) {
          worker_.not_served();
          fetcher_.admission().leave();
        }
        continue;
      }
      then = after_failure(std::move(step).error());
    }
  }

 private:
  enum class Then : std::uint8_t { go_on, go_on_as_last, leave };

  Result<void> take(Range want, Response& response) {
    // A response that carries all of the resource serves one worker; several of them would receive it as many times.
    const bool must_be_alone = !response.body.partial && response.body.begin != sink_.wanted();
    if (!worker_.be_served(must_be_alone)) {
      return fetcher_.problem(Cause::network, Remedy::retry, "it answered with the whole resource, not the range", 200);
    }
    FetchLoop loop(fetcher_, work_.known);
    auto step = believe(response, loop.pump(sink_, response));
    return step ? loop.check_part(sink_, response.body, want) : step;
  }

  // The bytes of a part without a length of its own are believed to be of their place only as long as no such body has
  // contradicted itself at its end: a server that does that may have done it wherever the end was not read.
  Result<void> believe(const Response& response, Result<void> step) {
    const std::vector<Segment> brought = sink_.take_brought();
    if (!response.body.partial || response.exchange->head().framing == Framing::length) return step;
    const bool contradicts = !step && step.error().cause == Cause::integrity;
    if (contradicts) sink_.drop_unfinished();
    work_.dispatcher.unsure(brought, contradicts ? std::optional(step.error()) : std::nullopt);
    return step;
  }

  Then after_failure(Error error) {
    Dispatcher& dispatcher = work_.dispatcher;
    // For another worker, whatever has become of that one.
    const bool declined = error.cause == Cause::network && error.http_status == 200;
    const bool asked = error.cause != Cause::cancelled;
    sink_.count_progress();
    const auto [others_served, others_at_work] = worker_.failed(!asked || fetcher_.retry().made_progress());
    // What the host refuses to one while it serves another is "not so many", whatever it calls it, also where it is no
    // TLS: the last one believes it. What is wrong with a certificate is as well: nothing was sent over that
    // connection.
    const bool final = error.remedy == Remedy::stop;
    const bool refused = final && (error.cause == Cause::integrity || error.cause == Cause::tls ||
                                   (error.cause == Cause::refused && error.http_status != 0));
    const bool last = !others_served && !others_at_work;
    // A contradiction is no answer to one too many where no worker is served.
    const bool believed = error.cause == Cause::integrity ? !others_served : last;
    if (believed && asked && fetcher_.retry().asks_once_more()) return Then::go_on_as_last;
    if (refused && !believed) error.remedy = Remedy::retry;
    if (!asked) {
      if (!worker_.renew()) return Then::leave;
      if (!others_served || !fetcher_.retry().waited_in_vain()) return Then::go_on;
      fetcher_.retry().refused();
      return Then::leave;
    }
    if (error.remedy != Remedy::retry && error.remedy != Remedy::refetch) {
      dispatcher.fail(std::move(error));
      return Then::leave;
    }
    auto step = sink_.interrupted(error.remedy);
    const bool waits = step && !fetcher_.retry().made_progress();
    const bool leaves = waits && (others_at_work || (declined && others_served));
    // A worker that leaves has reported before that it was refused: others get what it held, and read through what is
    // here.
    if (waits && !leaves) sink_.release();
    if (waits && declined && !leaves) return Then::go_on;  // no other worker wants the next answer
    if (step)
      step = leaves ? fetcher_.retry().give_up(std::move(error), others_served || declined)
                    : fetcher_.retry().pause(std::move(error));
    if (step) return leaves ? Then::leave : Then::go_on;
    if (step.error().cause == Cause::cancelled) return worker_.renew() ? Then::go_on : Then::leave;
    dispatcher.fail(std::move(step).error());
    return Then::leave;
  }

  Work& work_;
  Worker& worker_;
  Fetcher& fetcher_;
  SegmentSink sink_;
  Responses responses_;
};

}  // namespace

void fetch_spans(Work& work, Worker& worker, Fetcher& fetcher, bool all) { SpanWorker(work, worker, fetcher).run(all); }

}  // namespace segdl::engine
