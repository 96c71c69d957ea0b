// Ends a wait from outside: a stop request becomes a readable descriptor.
//
// Every poll() of this folder has such a descriptor beside the socket, so that a stop request ends whatever is waited
// for at once. The descriptor is the waiting thread's and is used for one wait after the other: an exchange that never
// waits costs none, and one that does no system call more than its poll().
#pragma once

#include <segdl/error.h>

#include "seams/clock.h"

#include <poll.h>

#include <chrono>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace segdl::io {

// When a wait has taken too long, and how to say so.
struct Deadline {
  Instant until;
  std::string_view what = {};         // "no response within"; a literal, so that a bound costs nothing until it is hit
  std::chrono::milliseconds time{0};  // 15 s; 0: not said

  std::string words() const;
};

// `time` from now, but no later than the deadline.
Deadline bound_after(std::chrono::milliseconds time, std::string_view what, const std::optional<Instant>& deadline);

Error network_error(Remedy, std::string operation, std::string subject, std::string reason);

class Waker {
 public:
  explicit Waker(std::stop_token token) : token_(std::move(token)) {}

  // Waits until one of `descriptors` is ready (its revents are set). Errors: cancelled, or the bound's words as a
  // network error to retry; so it is, whatever is ready, where the bound has passed before.
  Result<void> wait(std::span<::pollfd> descriptors, const Deadline&) const;

  // The same for one.
  Result<void> wait(int descriptor, short events, const Deadline&) const;

  bool stopped() const { return token_.stop_requested(); }
  const std::stop_token& token() const { return token_; }

 private:
  // The same where the last of `all` is room for the thread's own descriptor.
  Result<void> wait_beside(std::span<::pollfd> all, const Deadline&) const;
  Result<void> poll_until(std::span<::pollfd> all, const Deadline&) const;

  std::stop_token token_;
};

}  // namespace segdl::io
