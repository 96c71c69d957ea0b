// Ends a wait from outside: a stop request becomes a readable descriptor.
//
// Every poll() of this folder has the waker's descriptor beside the socket, so that a stop request ends whatever is
// waited for at once.
#pragma once

#include <segdl/error.h>

#include "io/descriptor.h"
#include "seams/clock.h"

#include <poll.h>

#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

namespace segdl::io {

// When a wait has taken too long, and how to say so.
struct Bound {
  Instant until;
  std::string words;  // "no response within 15 s"
};

inline Bound earlier(Bound a, const std::optional<Instant>& deadline) {
  if (deadline && *deadline < a.until) return {*deadline, "the time limit for the download is reached"};
  return a;
}

Error network_error(Remedy, std::string operation, std::string subject, std::string reason);

class Waker {
 public:
  // Watches the token for the life of this object.
  explicit Waker(std::stop_token);

  // Waits until one of `descriptors` is ready (its revents are set). Errors: cancelled, or the bound's words as a
  // network error to retry.
  Result<void> wait(std::span<::pollfd> descriptors, const Bound&) const;

  // The same for one.
  Result<void> wait(int descriptor, short events, const Bound&) const;

  bool stopped() const { return token_.stop_requested(); }
  const std::stop_token& token() const { return token_; }

 private:
  struct Ring {
    int descriptor;
    void operator()() const noexcept;
  };

  std::stop_token token_;
  Descriptor event_;
  std::stop_callback<Ring> callback_;
};

}  // namespace segdl::io
