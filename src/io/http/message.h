// The bytes of one exchange on its connection: limits, the head, and bytes received after it.
#pragma once

#include <segdl/error.h>

#include "core/http/http_head.h"
#include "io/base/stoppable_wait.h"
#include "io/net/connection.h"
#include "io/net/receive_buffer.h"
#include "seams/transport.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>

namespace segdl::io {

inline constexpr std::chrono::seconds kSilentTime{1};

// REQUIRES: connection and token outlive it.
class Message {
 public:
  Message(Connection& connection, const std::stop_token& stop, const Limits& limits)
      : connection_(connection), stop_(stop), limits_(limits) {}

  Result<void> send(std::string_view request);

  // Sets the limit of the wait for the first byte of a response, within the other limits.
  void hear_within(std::chrono::milliseconds time) { first_ = time; }

  // The head of the final response. Interim ones are skipped, at most kMaxInterimResponses.
  // Limits and deadline hold for all of them together, but each of the first kMaxStillAtWork 102s restarts the limit on
  // the head.
  // `unanswered` is called after each kSilentTime without a byte.
  Result<ResponseHead> read_head(const std::function<void()>& unanswered);

  // Receives body bytes and their framing: first those that came with the head, then from the connection straight into
  // `into`. 0: the peer ended the connection in order.
  Result<std::size_t> receive(std::span<std::byte> into);

  // Counts the body bytes among those just received; with 0 the limit on silence keeps running. An error if they arrive
  // too slowly.
  // Only time spent waiting for the peer counts, not the time between two calls.
  Result<void> count_body(std::size_t bytes);

  // Limits all further waits to this moment.
  void end_by(Instant moment) { limits_.deadline = std::min(moment, limits_.deadline.value_or(moment)); }

  // Whether a byte of the response has arrived.
  bool heard() const { return heard_; }
  // Bytes that were received after the head or a piece of framing and not consumed.
  std::size_t left_over() const { return buffer_.view().size(); }

 private:
  Result<void> receive_more(const Deadline&, const std::function<void()>& unanswered);

  Connection& connection_;
  const std::stop_token& stop_;
  Limits limits_;
  ReceiveBuffer buffer_;
  bool heard_ = false;
  std::optional<std::chrono::milliseconds> first_;
  std::chrono::nanoseconds quiet_{0};   // time waited since the last byte of the body
  std::chrono::nanoseconds waited_{0};  // time waited in this window of the minimum speed
  std::uint64_t got_ = 0;
};

}  // namespace segdl::io
