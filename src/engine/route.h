// What the workers of one download know together about how to ask for it.
//
// Where redirects led, which way of asking the server understands, and how often in a row nothing came of it. One
// worker's experience serves all. Thread-safe.
#pragma once

#include <segdl/error.h>

#include "core/reply.h"
#include "core/url.h"
#include "engine/monitor.h"
#include "seams/clock.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

namespace segdl::engine {

class Route {
 public:
  explicit Route(Url original) : original_(std::move(original)) {}

  const Url& original() const { return original_; }
  // The original, or where its redirects led.
  Url current() const;
  void leads_to(const Url&);
  // What the redirects led to is gone (a signed link that has expired): from here on the original again. False if that
  // was known already, so that this was the original's own answer.
  bool lost(const Url& effective);
  // Called, by whichever worker finds out, with the origin that requests go to from then on.
  void on_move(std::function<void(const Origin&)>);

  Asking asking() const { return asking_; }
  // The server contradicted itself when asked like this: from here on in a simpler way. False if there is none.
  bool step_down(Asking from);
  void ask(Asking asking) { asking_ = asking; }
  // A cache on the way gave an answer that does not fit: from here on the origin itself is to answer.
  void ask_past_caches() { past_caches_ = true; }
  bool asks_past_caches() const { return past_caches_; }

  // How long an answer took, whoever asked.
  void answered_after(std::chrono::nanoseconds latency) { latency_ = latency; }
  std::chrono::nanoseconds latency() const { return latency_; }

  // More of the resource is here than ever before. What is fetched a second time is no progress: a server that cuts
  // every response at the same place must not be asked for ever.
  void progressed();
  // A request made at `asked` came to nothing. How many did in a row since there was progress; those that were under
  // way together count as one.
  unsigned failed(Instant asked, Instant now);
  // Nothing is to be asked before then, by any worker, unless there is progress.
  void rest_until(Instant until) { rest_ = until.time_since_epoch().count(); }
  Instant rests_until() const { return Instant(Instant::duration(rest_.load())); }

 private:
  const Url original_;
  mutable Mutex mutex_;
  std::optional<Url> effective_ SEGDL_GUARDED_BY(mutex_);
  std::function<void(const Origin&)> on_move_ SEGDL_GUARDED_BY(mutex_);
  std::atomic<Asking> asking_ = Asking::conditional;
  std::atomic<bool> past_caches_ = false;
  std::atomic<unsigned> failures_ = 0;
  std::atomic<Instant::rep> rest_ = 0;
  std::atomic<std::chrono::nanoseconds> latency_ = std::chrono::nanoseconds(0);
  std::optional<Instant> last_failure_ SEGDL_GUARDED_BY(mutex_);
};

}  // namespace segdl::engine
