// One URL that serves the resource, as the workers of a download know it together: one worker's experience serves all.
// Thread-safe.
#pragma once

#include "core/http/shown.h"
#include "core/url/url.h"
#include "engine/base/monitor.h"
#include "engine/fetch/failures.h"
#include "engine/fetch/request_forms.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <utility>

namespace segdl::engine {

// The URL of a download, and where its redirects lead.
class EffectiveUrl {
 public:
  explicit EffectiveUrl(Url original) : original_(std::move(original)) {}

  const Url& original() const { return original_; }
  // The original, or where its redirects led.
  Url current() const;
  void leads_to(const Url&);
  // What the redirects led to is gone (a signed link that has expired): from here on the original again. False if that
  // was known already, so that this was the original's own answer.
  bool lost(const Url& effective);
  // Called, by whichever worker finds out, with the origin that requests go to from then on.
  void on_move(std::function<void(const Origin&)>);

 private:
  const Url original_;
  mutable Mutex mutex_;
  std::optional<Url> effective_ SEGDL_GUARDED_BY(mutex_);
  std::function<void(const Origin&)> on_move_ SEGDL_GUARDED_BY(mutex_);
};

// What the answers to all workers, and earlier runs, have shown of the resource.
class Evidence {
 public:
  Shown shown() const;
  // Calls the function with it.
  template <class Function>
  void change_shown(Function&& function) {
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
