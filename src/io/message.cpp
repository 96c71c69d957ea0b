#include "io/message.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace segdl::io {
namespace {

std::string seconds_words(std::chrono::milliseconds time) {
  return fmt::format("{:g} s", std::chrono::duration<double>(time).count());
}

// A server that speaks TLS answers a plain request with an alert or a handshake record (RFC 8446 section 5.1).
bool looks_like_tls(std::string_view bytes) { return !bytes.empty() && (bytes[0] == 0x15 || bytes[0] == 0x16); }

}  // namespace

Result<void> Message::send(std::string_view request) {
  return connection_.send(request, bound_after(limits_.head, "the request could not be sent within", limits_.deadline),
                          waker_);
}

Result<void> Message::receive_more(const Bound& bound) {
  auto got = connection_.receive(inbox_.room(), bound, waker_);
  if (!got) return std::move(got).error();
  if (*got == 0) {
    return network_error(
        Remedy::retry, "read the response", "",
        heard_ ? "the connection was closed inside the head" : "the connection was closed without a response");
  }
  inbox_.put(*got);
  heard_ = true;
  return {};
}

Result<ResponseHead> Message::read_head() {
  const Bound bound = bound_after(limits_.head, "no response within", limits_.deadline);
  for (int interim = 0; interim <= kMaxInterimResponses;) {
    auto end = find_head_end(inbox_.view());
    if (!end) {
      if (!looks_like_tls(inbox_.view())) return std::move(end).error();
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
    auto head = parse_head(inbox_.view().substr(0, *end));
    if (!head) return head;
    inbox_.take(*end);
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
    std::memcpy(into.data(), inbox_.view().data(), count);
    inbox_.take(count);
    return count;
  }
  const Instant begin = std::chrono::steady_clock::now();
  auto got = connection_.receive(into, bound_after(limits_.idle, "nothing received for", limits_.deadline), waker_);
  if (!got) return got;
  // Only time spent waiting for the peer counts, not what happens to the bytes between two calls.
  auto fast_enough = check_speed(std::chrono::steady_clock::now() - begin, *got);
  if (!fast_enough) return std::move(fast_enough).error();
  return got;
}

}  // namespace segdl::io
