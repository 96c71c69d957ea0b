// When a worker requests again after a failure, and when it gives up.
//
// Failures in a row are counted for the download (see Source); a worker contributes what became of its latest Attempt
// and how much it has received since its last failure. What the host refuses while it serves others, "not so many" or
// "not now", is no failure of the download. Used by one thread.
#pragma once

#include <segdl/error.h>

#include "core/http/verdict.h"
#include "core/schedule/backoff.h"
#include "core/url/url.h"
#include "engine/fetch/admission.h"
#include "engine/fetch/fetch_context.h"
#include "engine/schedule/flow.h"
#include "seams/clock.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <utility>

namespace segdl::engine {

// A worker's latest request, as far as it matters for the next one.
struct Attempt {
  RequestForm form = RequestForm::conditional;
  Instant asked_at;
  std::chrono::nanoseconds latency{0};       // from the request to the head of its response, or to its failure
  std::optional<Url> led_to = std::nullopt;  // by redirects
  bool answered = false;                     // the response was usable
  bool odd = false;                          // the response contradicts what was asked
  // Refused, and made in no simpler form, or doubted, only because other workers were active.
  bool spared = false;
  bool put_off = false;  // refused, and not all was asked for in simpler forms, as it was not the last try
};

class RetryPolicy {
 public:
  // REQUIRES: all outlive this object.
  RetryPolicy(const FetchContext& context, Admission& admission, Flow& flow, Attempt& attempt)
      : context_(context), admission_(admission), flow_(flow), attempt_(attempt) {}

  // After an error of Remedy::retry, for the only worker of a download: waits as long as is polite. Fails with that
  // error, now with Remedy::stop, if there were too many in a row, or with cancelled.
  Result<void> pause(Error);
  // The same for one worker of several, which ends and leaves its work to the others; `others_served`: another one gets
  // what it asks for, so that "not so many" is no failure. Nor does the first failure since there was progress count.
  Result<void> give_up(Error, bool others_served);
  // After a request beside an unread response: whether every further one may be refused like it, so that the unread
  // response is the last.
  bool is_given_no_more(const Error&);
  // Whether the latest attempt was spared: if the other workers have gone since, it is to be made once more, as by the
  // last one, and before any pause that others have made. True once for each.
  bool asks_once_more() {
    const bool once = std::exchange(attempt_.spared, false);
    admission_.skip_back_off(once);
    return once;
  }

  // The host gives this connection nothing while it serves others.
  void refused() {
    if (Slot& slot = admission_.slot()) slot.refused(std::nullopt, random_());
  }
  // A usable response came.
  void answered() { passed_over_ = 0; }

  // This much more of the resource is here than ever before, by this worker. What is fetched again is not.
  void progressed(std::uint64_t bytes) { progress_ += bytes; }
  // Whether that is enough since the last failure to go on without a pause: 4 KiB, and an eighth of all that came.
  bool made_progress() const;
  // The same after a part of what was asked for: if so, the next part is to bring as much.
  bool goes_on() {
    if (!made_progress()) return false;
    count_anew();
    source_.failures.progressed();
    return true;
  }

  // An answer that has not come by then is not worth waiting for while others are served.
  std::chrono::nanoseconds in_vain() const;
  bool waited_in_vain() const { return !attempt_.answered && context_.clock.now() - attempt_.asked_at >= in_vain(); }

  // Whether pause() would not let another try follow if the latest one fails with this.
  bool is_last_try(const Error&) const;
  // Whether ranges have been refused so often in a row that perhaps none are served any more, and all of the resource,
  // which costs what is here once more, is to be asked for: once before the last try, which may be minutes away.
  bool is_time_for_all() const;
  void tries_all() { tried_all_ = true; }
  // Whether the next try is the last, and all answers broke off without bringing anything: some servers promise any
  // range, and send none. If any brought something all of it would be sent once more. What all of it is is shown by its
  // validator, or by its size and by comparing it with what is here.
  bool only_breaks_off(const Resource* known) const;

 private:
  Origin origin() const { return attempt_.led_to.value_or(source_.url.current()).origin; }
  void count_anew() {
    progress_ = 0;
    came_before_ = flow_.received();
  }
  bool is_over(const Failing&) const;
  bool is_passed_over(const Error&) const;
  Error given_up(Error, unsigned tries) const;

  const FetchContext& context_;
  Source& source_ = context_.source;
  Admission& admission_;
  Flow& flow_;
  Attempt& attempt_;
  std::uint64_t progress_ = 0;     // bytes since the last failure
  std::uint64_t came_before_ = 0;  // Flow::received() at that
  unsigned passed_over_ = 0;       // how often in a row
  bool tried_all_ = false;         // since there was progress
  std::minstd_rand random_{static_cast<std::minstd_rand::result_type>(context_.clock.now().time_since_epoch().count())};
  std::uint64_t jitter_ = random_();  // of the next pause
};

}  // namespace segdl::engine
