// What the workers of one download know together about how to ask for it.
//
// Where redirects led, which way of asking the server understands, and how often in a row nothing came of it. One
// worker's experience serves all. Thread-safe.
#pragma once

#include <segdl/error.h>

#include "core/http/shown.h"
#include "core/http/verdict.h"
#include "core/schedule/backoff.h"
#include "core/url/url.h"
#include "engine/base/monitor.h"
#include "seams/clock.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>

namespace segdl::engine {

class Source {
 public:
  explicit Source(Url original) : original_(std::move(original)) {}

  const Url& original() const { return original_; }
  // The original, or where its redirects led.
  Url current() const;
  void leads_to(const Url&);
  // What the redirects led to is gone (a signed link that has expired): from here on the original again. False if that
  // was known already, so that this was the original's own answer.
  bool lost(const Url& effective);
  // Called, by whichever worker finds out, with the origin that requests go to from then on.
  void on_move(std::function<void(const Origin&)>);

  // How all workers ask.
  RequestForm asking() const { return asking_; }
  void ask(RequestForm asking) { asking_ = asking; }
  // What answers to this way of asking were worth. One that could not be used after others that could is that request's
  // misfortune; the first of all, or a second one with none that could in between, tells how the server is: from then
  // on all ask in a simpler way, if there is one. What a head promises and what its body keeps are told apart.
  enum class Part : std::uint8_t { head, body };
  void record_success(RequestForm, Part);
  void record_failure(RequestForm, Part);

  // A part without a length of its own has contradicted itself behind its range, which shows only where that end is
  // read: from here on none of them is used.
  void distrust_unmeasured() { distrusts_unmeasured_ = true; }
  bool distrusts_unmeasured() const { return distrusts_unmeasured_; }

  // What the answers to all workers, and earlier runs, have shown of the resource. change_shown() calls its function
  // with it.
  Shown shown() const;
  template <class Function>
  void change_shown(Function&& function) {
    const MutexLock lock(mutex_);
    function(shown_);
  }
  // Whether there has been a usable answer.
  void answered() { has_answered_ = true; }
  bool has_answered() const { return has_answered_; }

  // The resource is another one now, by what an answer said of it; perhaps only by its name.
  void changed(bool in_name_only) { in_name_only_ = in_name_only; }
  bool changed_in_name_only() const { return in_name_only_; }

  // Requests are refused for good while others are served: perhaps there are no further answers. Until one that was
  // made later is answered.
  void refused_more(Instant now) { refused_at_ = now.time_since_epoch().count(); }
  void gave_more(Instant asked) {
    Instant::rep refused = refused_at_;
    if (asked.time_since_epoch().count() > refused) refused_at_.compare_exchange_strong(refused, kNever);
  }
  bool gives_no_more() const { return refused_at_ != kNever; }

  // Whether what comes is joined with other responses' (HttpRequest::joined).
  void set_joined(bool joined) { joined_ = joined; }
  bool joined() const { return joined_; }

  // The Last-Modified of the version that is fetched, if it has one, and whether no other version can have the same.
  void modified_at(std::optional<std::chrono::sys_seconds> time, bool strong) {
    modified_ = time.value_or(kNoTime);
    modified_is_strong_ = strong;
  }
  bool modified_is_strong() const { return modified_is_strong_; }
  std::optional<std::chrono::sys_seconds> modified() const {
    const std::chrono::sys_seconds time = modified_;
    return time == kNoTime ? std::nullopt : std::optional(time);
  }
  // A cache on the way gave an answer that does not fit: from here on the origin itself is to answer.
  void ask_past_caches() { past_caches_ = true; }
  bool asks_past_caches() const { return past_caches_; }

  // How long an answer took, whoever asked.
  void answered_after(std::chrono::nanoseconds latency) { latency_ = latency; }
  std::chrono::nanoseconds latency() const { return latency_; }

  // More of the resource is here than ever before. What is fetched a second time is no progress: a server that cuts
  // every response at the same place must not be asked for ever.
  void progressed();
  bool has_progressed() const { return progressed_; }
  // A request made at `asked` came to nothing, or its answer broke off, as all have in a row since there was progress;
  // those that were under way together count as one.
  Failing failed(Instant asked, Instant now, bool broke_off);
  bool has_failed() const { return failures_ > 0; }
  // What one more, made at `asked`, would come to.
  Failing failing(Instant asked, Instant now) const;
  // Whether what was learned of how to ask is still to be told of; once.
  bool tells_of_form() { return !told_of_form_.exchange(true); }
  // Nothing is to be asked before then, by any worker, unless there is progress.
  void back_off_until(Instant until) { rest_ = until.time_since_epoch().count(); }
  Instant backs_off_until() const { return Instant(Instant::duration(rest_.load())); }

  // A worker that waits, until the object goes: for its turn at a host, or for the end of a pause.
  class Wait {
   public:
    explicit Wait(Source& source) : source_(source) { ++source_.waiting_; }
    ~Wait() { --source_.waiting_; }
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

   private:
    Source& source_;
  };
  // Whether one more worker would only wait as well.
  bool is_held_up(Instant now) const { return waiting_ > 0 || backs_off_until() > now; }

 private:
  struct Trust {
    bool earned = false;
    bool shaken = false;  // since the last good answer
  };
  Trust& trust(RequestForm asking, Part part) SEGDL_REQUIRES(mutex_) {
    return trust_[static_cast<std::size_t>(asking)][static_cast<std::size_t>(part)];
  }
  static constexpr Instant::rep kNever = std::numeric_limits<Instant::rep>::min();
  static constexpr std::chrono::sys_seconds kNoTime = std::chrono::sys_seconds::min();

  const Url original_;
  mutable Mutex mutex_;
  std::optional<Url> effective_ SEGDL_GUARDED_BY(mutex_);
  std::function<void(const Origin&)> on_move_ SEGDL_GUARDED_BY(mutex_);
  std::atomic<RequestForm> asking_ = RequestForm::conditional;
  std::array<std::array<Trust, 2>, 3> trust_ SEGDL_GUARDED_BY(mutex_);  // by RequestForm and Part
  std::atomic<bool> past_caches_ = false;
  std::atomic<bool> told_of_form_ = false;
  std::atomic<bool> joined_ = false;
  std::atomic<bool> in_name_only_ = false;
  std::atomic<Instant::rep> refused_at_ = kNever;
  std::atomic<bool> distrusts_unmeasured_ = false;
  Shown shown_ SEGDL_GUARDED_BY(mutex_);
  std::atomic<bool> has_answered_ = false;
  std::atomic<bool> progressed_ = false;
  std::atomic<unsigned> failures_ = 0;
  std::atomic<Instant::rep> rest_ = 0;
  std::atomic<unsigned> waiting_ = 0;
  std::atomic<std::chrono::nanoseconds> latency_ = std::chrono::nanoseconds(0);
  std::atomic<std::chrono::sys_seconds> modified_ = kNoTime;
  std::atomic<bool> modified_is_strong_ = false;
  std::optional<Instant> last_failure_ SEGDL_GUARDED_BY(mutex_);
  Instant first_failure_ SEGDL_GUARDED_BY(mutex_);  // since there was progress
  unsigned broken_ SEGDL_GUARDED_BY(mutex_) = 0;    // answers since then
};

}  // namespace segdl::engine
