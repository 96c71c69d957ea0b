#include "io/message.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace segdl::io {
namespace {

constexpr std::size_t kHeadPiece = 4096;

std::string seconds_words(std::chrono::milliseconds time) {
  return fmt::format("{:g} s", std::chrono::duration<double>(time).count());
}

Bound bound_after(std::chrono::milliseconds time, std::string what, const std::optional<Instant>& deadline) {
  return earlier({std::chrono::steady_clock::now() + time, fmt::format("{} within {}", what, seconds_words(time))},
                 deadline);
}

// A server that speaks TLS answers a plain request with an alert or a handshake record (RFC 8446 section 5.1).
bool looks_like_tls(std::string_view bytes) { return !bytes.empty() && (bytes[0] == 0x15 || bytes[0] == 0x16); }

}  // namespace

Result<void> Message::send(std::string_view request) {
  return connection_.send(request, bound_after(limits_.head, "the request could not be sent", limits_.deadline),
                          waker_);
}

Result<void> Message::receive_more(const Bound& bound) {
  const std::size_t had = buffer_.size();
  buffer_.resize(had + kHeadPiece);
  auto got = connection_.receive(std::as_writable_bytes(std::span(buffer_).subspan(had)), bound, waker_);
  buffer_.resize(had + (got ? *got : 0));
  if (!got) return std::move(got).error();
  if (*got == 0) {
    return network_error(
        Remedy::retry, "read the response", "",
        had == 0 ? "the connection was closed without a response" : "the connection was closed inside the head");
  }
  heard_ = true;
  return {};
}

Result<ResponseHead> Message::read_head() {
  const Bound bound = bound_after(limits_.head, "no response", limits_.deadline);
  for (int interim = 0; interim <= kMaxInterimResponses;) {
    auto end = find_head_end(std::string_view(buffer_).substr(taken_));
    if (!end) {
      if (!looks_like_tls(buffer_)) return std::move(end).error();
      Error error = std::move(end).error();
      error.cause = Cause::tls;
      error.remedy = Remedy::stop;
      error.reason = "the server speaks TLS on this port";
      error.way_out = "perhaps the URL should begin with https://";
      return error;
    }
    if (*end == 0) {
      auto more = receive_more(bound);
      if (!more) return std::move(more).error();
      continue;
    }
    auto head = parse_head(std::string_view(buffer_).substr(taken_, *end));
    if (!head) return head;
    taken_ += *end;
    if (head->status >= 200) return head;
    ++interim;
  }
  return network_error(Remedy::refetch, "read the response", "", "more than 16 interim responses");
}

Result<void> Message::check_speed(std::chrono::nanoseconds waited, std::size_t got) {
  waited_ += waited;
  got_ += got;
  if (limits_.min_speed == 0 || waited_ < limits_.speed_window) return {};
  const double speed = static_cast<double>(got_) / std::chrono::duration<double>(waited_).count();
  waited_ = {};
  got_ = 0;
  if (speed >= static_cast<double>(limits_.min_speed)) return {};
  return network_error(
      Remedy::retry, "receive", "",
      fmt::format("slower than {} bytes/s for {}", limits_.min_speed, seconds_words(limits_.speed_window)));
}

Result<std::size_t> Message::receive(std::span<std::byte> into) {
  if (left_over() > 0) {
    const std::size_t count = std::min(left_over(), into.size());
    std::memcpy(into.data(), buffer_.data() + taken_, count);
    taken_ += count;
    return count;
  }
  const Instant begin = std::chrono::steady_clock::now();
  auto got = connection_.receive(
      into, earlier({begin + limits_.idle, "nothing received for " + seconds_words(limits_.idle)}, limits_.deadline),
      waker_);
  if (!got) return got;
  // Only time spent waiting for the peer counts, not what happens to the bytes between two calls.
  auto fast_enough = check_speed(std::chrono::steady_clock::now() - begin, *got);
  if (!fast_enough) return std::move(fast_enough).error();
  return got;
}

}  // namespace segdl::io
