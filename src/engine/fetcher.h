// Asks for bytes until a usable response is there.
//
// One Fetcher is one worker's way to one resource: it builds requests, follows redirects once and remembers where they
// led, binds secrets to the origin they were given for, has judge() decide what a response means, steps down the way of
// asking when a server contradicts itself, and paces retries. Used by one thread.
#pragma once

#include <segdl/error.h>
#include <segdl/session.h>
#include <segdl/task.h>

#include "core/reply.h"
#include "core/url.h"
#include "engine/meter.h"
#include "seams/env.h"

#include <memory>
#include <optional>
#include <random>
#include <stop_token>
#include <string>

namespace segdl::engine {

// A response whose body may be joined, from body.begin on.
struct Reply {
  std::unique_ptr<Exchange> exchange;
  UsableBody body;
};

class Fetcher {
 public:
  // REQUIRES: everything referred to outlives the Fetcher.
  Fetcher(Env, const Request&, const SessionOptions&, Url, Meter&);

  // One try (redirects and steps down included) at the bytes of `range`. `known` is null before the first usable
  // response. Remedies: retry (then pause()), restart (the resource changed), stop.
  Result<Reply> ask(Range range, const Known* known, std::stop_token);

  // After an error of Remedy::retry: waits as long as is polite. Fails with that error, now with
  // Remedy::stop, if there were too many in a row, or with cancelled.
  Result<void> pause(Error, std::stop_token);

  // Body bytes have arrived, whatever becomes of them: for the speed.
  void received(std::uint64_t bytes) { measured_ += bytes; }

  // This much more of the resource is here than ever before in this run. What is fetched a second time is no progress:
  // a server that cuts every response at the same place must not be asked for ever.
  void progressed(std::uint64_t bytes);

  // From here on ask for the whole resource only.
  void ask_whole() { asking_ = Asking::whole; }

  // For another version of the resource.
  void begin_again(Asking asking) { asking_ = asking; }

  // The body broke its head's promise: from here on ask in a simpler way. False if there is none.
  bool step_down();

  // How many bytes to ask for at once: about five seconds' worth, 4 MiB to 64 MiB.
  std::uint64_t span_limit() const;

  // An error about what the server did.
  Error problem(Cause, Remedy, std::string reason) const;

  // Whether the end of a plain connection may be the end of the resource.
  bool end_is_trusted(const Exchange&) const;

 private:
  Result<std::unique_ptr<Exchange>> get(const Asked&, const Known*, std::stop_token);
  HttpRequest request_for(const Url&, const Asked&, const Known*) const;
  Result<Url> follow(const Url& from, const std::string& location, int status) const;
  Error refusal(const ResponseHead&, const PassingRefusal*) const;
  const Url& current() const { return effective_ ? *effective_ : original_; }

  Env env_;
  const Request& request_;
  const SessionOptions& options_;
  Url original_;
  std::optional<Url> effective_;  // where the original's redirects led
  Meter& meter_;
  Limits limits_;
  Asking asking_ = Asking::conditional;
  unsigned failures_ = 0;       // in a row without progress
  std::uint64_t progress_ = 0;  // bytes since the last failure
  std::uint64_t measured_ = 0;  // bytes since `measured_from_`
  Instant measured_from_;
  std::minstd_rand random_;
};

}  // namespace segdl::engine
