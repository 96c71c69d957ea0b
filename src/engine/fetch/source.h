// One URL that serves the resource, as the workers of a download know it together: one worker's experience serves all.
// Thread-safe.
#pragma once

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
#include <optional>
#include <utility>

namespace segdl::engine {

// The URL of a download, and where its redirects lead.
class EffectiveUrl {
 public:
  explicit EffectiveUrl(Url original) : original_(std::move(original)), effective_(original_) {}

  const Url& original() const { return original_; }
  // The original, or where its redirects led.
  Url current() const {
    const MutexLock lock(mutex_);
    return effective_;
  }
  // Requests go there from here on; with `from` only if they went to that one until now.
  void leads_to(const Url&, const Url* from = nullptr);
  // What the redirects led to is gone (a signed link that has expired): from here on the original again. False if that
  // was known already, so that this was the original's own answer.
  bool lost(const Url& effective) {
    if (effective.leads_to_same(original_)) return false;
    leads_to(original_, &effective);
    return true;
  }
  // Called, by whichever worker finds out, with the origin that requests go to from then on.
  void on_move(std::function<void(const Origin&)> call) {
    const MutexLock lock(mutex_);
    on_move_ = std::move(call);
  }

 private:
  const Url original_;
  mutable Mutex mutex_;
  Url effective_ SEGDL_GUARDED_BY(mutex_);
  std::function<void(const Origin&)> on_move_ SEGDL_GUARDED_BY(mutex_);
};

// In which form all workers of a download request ranges, by how the server has answered.
//
// One response that could not be used after others that could is that request's misfortune; the first of all, or a
// second one with none that could in between, is how the server is: from then on all workers use a simpler form, if
// there is one. What a head promises and what its body keeps are counted apart.
class RequestForms {
 public:
  RequestForm current() const { return current_; }
  void use(RequestForm form) { current_ = form; }

  enum class Part : std::uint8_t { head, body };
  void record_success(RequestForm form, Part part) {
    const MutexLock lock(mutex_);
    trust(form, part) = {true, false};
  }
  void record_failure(RequestForm, Part);
  // Whether what was learned of the forms is still to be reported; once.
  bool is_to_report() { return !reported_.exchange(true); }

  // A part without a length of its own has contradicted itself behind its range, which shows only where that end is
  // read: from here on none of them is used.
  void distrust_unmeasured() { distrusts_unmeasured_ = true; }
  bool distrusts_unmeasured() const { return distrusts_unmeasured_; }

  // Whether what comes is joined with other responses' (HttpRequest::joined).
  void set_joined(bool joined) { joined_ = joined; }
  bool joined() const { return joined_; }

  // A cache on the way gave an answer that does not fit: from here on the origin itself is to answer.
  void ask_past_caches() { past_caches_ = true; }
  bool asks_past_caches() const { return past_caches_; }

 private:
  struct Trust {
    bool earned = false;
    bool shaken = false;  // since the last good answer
  };
  Trust& trust(RequestForm form, Part part) SEGDL_REQUIRES(mutex_) {
    return trust_[static_cast<std::size_t>(form)][static_cast<std::size_t>(part)];
  }

  mutable Mutex mutex_;
  std::atomic<RequestForm> current_ = RequestForm::conditional;
  std::array<std::array<Trust, 2>, 3> trust_ SEGDL_GUARDED_BY(mutex_);  // by RequestForm and Part
  std::atomic<bool> reported_ = false;
  std::atomic<bool> distrusts_unmeasured_ = false;
  std::atomic<bool> joined_ = false;
  std::atomic<bool> past_caches_ = false;
};

// The failures of a download's requests in a row, its back-off, and who waits for it.
//
// More of the resource than ever before ends a row and the back-off. What is fetched a second time is no progress: a
// server that cuts every response at the same place must not be asked for ever.
class Failures {
 public:
  // More of the resource is here than ever before.
  void progressed();
  bool has_progressed() const { return progressed_; }
  // A request made at `asked` failed, or its answer broke off, as all have in a row since there was progress; those
  // that were under way together count as one.
  Failing failed(Instant asked, Instant now, bool broke_off);
  bool has_failed() const { return count_ > 0; }
  // What one more, made at `asked`, would make of it.
  Failing failing(Instant asked, Instant now) const {
    const MutexLock lock(mutex_);
    const unsigned count = count_;
    if (count == 0) return {1};
    return {count + 1, broken_, asked - first_, now - first_};
  }

  // Requests are refused for good while others are served: perhaps there are no further answers. Until one that was
  // made later is answered.
  void refused_more(Instant now) { refused_at_ = now; }
  void gave_more(Instant asked) {
    Instant refused = refused_at_;
    if (asked > refused) refused_at_.compare_exchange_strong(refused, Instant::min());
  }
  bool gives_no_more() const { return refused_at_.load() != Instant::min(); }

  // Nothing is to be requested before then, by any worker, unless there is progress.
  void back_off_until(Instant until) { rest_ = until; }
  Instant backs_off_until() const { return rest_; }

  // A worker that waits, until the object goes: for a slot, or for the end of a back-off.
  class Wait {
   public:
    explicit Wait(Failures& failures) : failures_(failures) { ++failures_.waiting_; }
    ~Wait() { --failures_.waiting_; }
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

   private:
    Failures& failures_;
  };
  // Whether one more worker would only wait as well.
  bool is_held_up(Instant now) const { return waiting_ > 0 || backs_off_until() > now; }

 private:
  mutable Mutex mutex_;
  std::atomic<bool> progressed_ = false;
  std::atomic<unsigned> count_ = 0;
  std::atomic<Instant> refused_at_ = Instant::min();
  std::atomic<Instant> rest_ = Instant();
  std::atomic<unsigned> waiting_ = 0;
  std::optional<Instant> last_ SEGDL_GUARDED_BY(mutex_);
  Instant first_ SEGDL_GUARDED_BY(mutex_);        // since there was progress
  unsigned broken_ SEGDL_GUARDED_BY(mutex_) = 0;  // answers since then
};

// What the answers to all workers, and earlier runs, have shown of the resource.
class Evidence {
 public:
  Shown shown() const {
    const MutexLock lock(mutex_);
    return shown_;
  }
  // Calls the function with it.
  void change_shown(const auto& function) {
    const MutexLock lock(mutex_);
    function(shown_);
  }
  // Whether there has been a usable answer.
  void answered() { has_answered_ = true; }
  bool has_answered() const { return has_answered_; }

  // The resource is another one now, as an answer shows; perhaps only by its name.
  void changed(bool in_name_only) { in_name_only_ = in_name_only; }
  bool changed_in_name_only() const { return in_name_only_; }

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

 private:
  static constexpr std::chrono::sys_seconds kNoTime = std::chrono::sys_seconds::min();

  mutable Mutex mutex_;
  Shown shown_ SEGDL_GUARDED_BY(mutex_);
  std::atomic<bool> has_answered_ = false;
  std::atomic<bool> in_name_only_ = false;
  std::atomic<std::chrono::sys_seconds> modified_ = kNoTime;
  std::atomic<bool> modified_is_strong_ = false;
};

struct Source {
  explicit Source(Url original) : url(std::move(original)) {}

  EffectiveUrl url;
  RequestForms forms;
  Failures failures;
  Evidence evidence;
  std::atomic<std::chrono::nanoseconds> latency = std::chrono::nanoseconds(0);  // of the latest answer, to any worker
};

}  // namespace segdl::engine
