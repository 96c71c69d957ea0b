// In which form all workers of a download request ranges, by how the server has answered.
//
// One response that could not be used after others that could is that request's misfortune; the first of all, or a
// second one with none that could in between, is how the server is: from then on all workers use a simpler form, if
// there is one. What a head promises and what its body keeps are counted apart. Thread-safe.
#pragma once

#include "core/http/verdict.h"
#include "engine/base/monitor.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace segdl::engine {

class RequestForms {
 public:
  RequestForm current() const { return current_; }
  void use(RequestForm form) { current_ = form; }

  enum class Part : std::uint8_t { head, body };
  void record_success(RequestForm, Part);
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

}  // namespace segdl::engine
