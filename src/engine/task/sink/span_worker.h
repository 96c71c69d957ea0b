// What one of a download's workers does: spans in, committed segments out, until there is no work for it.
#pragma once

#include "core/http/verdict.h"
#include "engine/fetch/fetcher.h"
#include "engine/schedule/worker.h"
#include "engine/task/sink/segment_sink.h"

#include <cstdint>
#include <optional>

namespace segdl::engine {

// One worker's responses, and the one that it keeps: left where what follows is here already, with more behind that is
// not. Another is asked for, and once it is there the kept one is dropped. If that is refused as every further one may
// be, the kept one is read on, through what is here: a link that gives its resource once has given all of it.
class Responses {
 public:
  Responses(Work& work, Worker& worker, Fetcher& fetcher, const Resource& known)
      : work_(work), worker_(worker), fetcher_(fetcher), known_(known) {}
  ~Responses();
  Responses(const Responses&) = delete;
  Responses& operator=(const Responses&) = delete;

  // With the fetcher's response at hand, if there is one: of what is missing, or of what lies before it as well.
  void begin();

  bool keeps_one() const { return kept_.has_value(); }
  // What it brings. REQUIRES: keeps_one().
  Range rest() const { return {kept_->body.begin, work_.layout.total()}; }
  // Where the next request would have to wait: but for what was at hand, none is kept so long, if it will be asked.
  void let_go();

  // For these bytes, or from before them on. Waits for no slot, but while one is kept: see Admission::wait_outside().
  Result<Response> get(Range want, bool alone);

  // After it was used up to this byte, where it was left for what is here already.
  void keep(Response, std::uint64_t at);

 private:
  // A link may give its resource a few times only. So often a response that brings all that is missing is kept while
  // what lies behind is asked for: a link that has given it once more each time is taken to give it for ever.
  static constexpr unsigned kMaxKept = 8;

  Work& work_;
  Worker& worker_;
  Fetcher& fetcher_;
  const Resource& known_;
  std::optional<Response> kept_;
  bool is_first_ = false;  // nothing was taken yet
  unsigned more_ = kMaxKept;
};

// Fetches spans one after the other on one connection. An interruption that got on is continued without a pause, inside
// the segment. A worker whose requests fail while others are active leaves the work to them; the last one waits and
// tries again. Whatever ends the download is reported to the dispatcher.
class SpanWorker {
 public:
  // REQUIRES: everything referred to outlives this object; the resource has a strong validator.
  SpanWorker(Work& work, Worker& worker, Fetcher& fetcher, const Resource& known)
      : work_(work),
        worker_(worker),
        fetcher_(fetcher),
        known_(known),
        sink_(work, worker.assignment(), fetcher),
        responses_(work, worker, fetcher, known) {}

  // `all`: the first request is for everything behind what the dispatcher hands out first as well, as far as it will be
  // used: there may be no second one. Such a response may be at hand, for that or from before it on.
  void run(bool all);

 private:
  enum class Then : std::uint8_t { go_on, go_on_as_last, leave };

  Result<void> take(Range want, Response&);
  Result<void> believe(const Response&, Result<void> step);
  Then after_failure(Error);

  Work& work_;
  Worker& worker_;
  Fetcher& fetcher_;
  const Resource& known_;
  SegmentSink sink_;
  Responses responses_;
};

}  // namespace segdl::engine
