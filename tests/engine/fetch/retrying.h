// A worker whose requests fail, and the others of its host.
#pragma once

#include "engine/fetch/retry_policy.h"

#include "engine/fetch/fetch_scene.h"

namespace segdl::engine {

inline constexpr std::uint64_t kEnough = 4096;  // is progress

struct Retrying : FetchScene {
  explicit Retrying(SessionOptions options_ = {}) : FetchScene(std::move(options_)) { admission.take(slot()); }

  // A request is made, and takes so long.
  void ask(std::chrono::nanoseconds time = 1ms) {
    REQUIRE(admission.enter(origin()).ok());
    attempt.asked_at = clock.now();
    attempt.answered = false;
    clock.advance(time);
  }
  // A request fails like this, and the worker pauses.
  Result<void> pause(const Error& error = no_connection()) {
    ask();
    return retry.pause(error);
  }
  // The same as one worker of several.
  Result<void> give_up(const Error& error, bool others_served) {
    ask();
    return retry.give_up(error, others_served);
  }
  // So much has come, and so much of it is new.
  void come(std::uint64_t bytes, std::uint64_t of_it_new) {
    flow.add(bytes);
    retry.progressed(of_it_new);
  }
  // A request is made while the host serves another download.
  void pass_over() {
    ask();
    admission.slot().received(1, false);
  }
  std::size_t pauses() const { return clock.pauses().size(); }

  Attempt attempt;
  Admission admission{context, flow};
  RetryPolicy retry{context, admission, flow, attempt};
};

inline SessionOptions with_retries(unsigned retries) {
  SessionOptions options;
  options.retries = retries;
  return options;
}

}  // namespace segdl::engine
