// What one exchange reads and writes on its connection: bytes with bounds, the head, and what came behind it.
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

  // The first byte of a response is waited for so long, if the limits allow it.
  void hear_within(std::chrono::milliseconds time) { first_ = time; }

  // The head of the final response: interim ones are skipped, limits and deadline hold for all of them together, but
  // each of the first kMaxStillAtWork 102s begins the limit on the head anew. There are kMaxInterimResponses at most.
  // `unanswered` is called each kSilentTime in which nothing of it has come.
  Result<ResponseHead> read_head(const std::function<void()>& unanswered);

  // Body bytes and their framing: first what came with the head, then from the connection straight into `into`. 0: the
  // connection ended in order.
  Result<std::size_t> receive(std::span<std::byte> into);

  // So many of the bytes just received are body. None: the limit on silence runs on. An error where they come too
  // slowly. Only time spent waiting for the peer counts for either, not what the caller does between two calls.
  Result<void> count_body(std::size_t bytes);

  // From here on nothing is waited for beyond this moment.
  void end_by(Instant moment) { limits_.deadline = std::min(moment, limits_.deadline.value_or(moment)); }

  // Whether a byte of the response has arrived.
  bool heard() const { return heard_; }
  // Bytes that arrived with the head or a piece of framing and were not taken.
  std::size_t left_over() const { return buffer_.view().size(); }

 private:
  Result<void> receive_more(const Deadline&, const std::function<void()>& unanswered);

  Connection& connection_;
  const std::stop_token& stop_;
  Limits limits_;
  ReceiveBuffer buffer_;
  bool heard_ = false;
  std::optional<std::chrono::milliseconds> first_;
  std::chrono::nanoseconds quiet_{0};   // waited since a byte of the body has come
  std::chrono::nanoseconds waited_{0};  // in this window of the minimum speed
  std::uint64_t got_ = 0;
};

}  // namespace segdl::io
