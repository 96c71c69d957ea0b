// A wait for descriptors that ends at a deadline or by a stop request.
//
// A stop request makes a descriptor readable that every poll() of this folder has beside the socket, so that any wait
// ends immediately.
// That descriptor belongs to the waiting thread and is used for one wait after the other: an exchange that never waits
// costs none, and one that does costs no system call beside its poll().
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

namespace segdl::io {

// When a wait is too long, and the words of that error.
struct Deadline {
  Instant until;
  std::string_view what = {};  // "no response within"; a literal, so that a deadline costs nothing until it has passed
  std::chrono::milliseconds time{0};  // 15 s; 0: not part of the words
  bool of_download = false;           // it is the time limit

  // A network error to retry.
  Error error(std::string operation) const;
};

// `time` from now, but no later than `last`, the time limit for the download.
Deadline deadline_after(std::chrono::milliseconds time, std::string_view what, const std::optional<Instant>& last);

// A network error to retry.
Error network_error(std::string operation, std::string subject, std::string reason);

// The error of a wait, as one of this operation; a cancellation has none.
Error of_wait(Error, std::string operation, std::string subject);

// One wait, or several after each other. REQUIRES: the token outlives it.
class StoppableWait {
 public:
  StoppableWait(const std::stop_token& token, const Deadline& deadline) : token_(&token), deadline_(deadline) {}

  // Waits until one of `descriptors` is ready (its revents are set). Errors: cancelled, or the deadline's words as a
  // network error to retry.
  // Fails if the deadline has already passed, whatever is ready.
  Result<void> for_any(std::span<::pollfd> descriptors) const;

  // The same for one descriptor.
  Result<void> for_ready(int descriptor, short events) const;

  bool stopped() const { return token_->stop_requested(); }
  const Deadline& deadline() const { return deadline_; }
  bool is_late() const { return std::chrono::steady_clock::now() >= deadline_.until; }

  // The same with another deadline.
  StoppableWait until(const Deadline& deadline) const { return {*token_, deadline}; }

 private:
  // The same; the last element of `all` is room for the thread's own descriptor.
  Result<void> wait_beside(std::span<::pollfd> all) const;
  Result<void> poll_until(std::span<::pollfd> all) const;

  const std::stop_token* token_;
  Deadline deadline_;
};

}  // namespace segdl::io
