#include "io/http/message.h"

#include "io/net/tunnel.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

namespace segdl::io {

Result<void> Message::send(std::string_view request) {
  const Deadline sent = deadline_after(limits_.head, "the request could not be sent within", limits_.deadline);
  return connection_.send(request, {stop_, sent});
}

Result<void> Message::receive_more(const Deadline& deadline, const std::function<void()>& unanswered) {
  for (Instant look = std::chrono::steady_clock::now() + kSilentTime; !heard_ && look < deadline.until;
       look += kSilentTime) {
    auto waited = connection_.await({stop_, Deadline{look}});
    if (waited || stop_.stop_requested() || std::chrono::steady_clock::now() < look) break;
    unanswered();
  }
  auto got = connection_.receive(buffer_.room(), {stop_, deadline});
  if (!got) return std::move(got).error();
  if (*got == 0) {
    return network_error(
        "read the response", "",
        heard_ ? "the connection was closed within the head" : "the connection was closed without a response");
  }
  buffer_.put(*got);
  heard_ = true;
  return {};
}

Result<ResponseHead> Message::read_head(const std::function<void()>& unanswered) {
  const auto deadline_anew = [this] { return deadline_after(limits_.head, "no response within", limits_.deadline); };
  Deadline deadline = deadline_anew();
  const auto soon = std::min(first_.value_or(limits_.head), limits_.head);
  const Deadline first = deadline_after(soon, "no response within", limits_.deadline);
  int heard_of = 0;
  auto head = read_final_head(buffer_, RequestMethod::get, [&](int still_at_work) {
    if (std::exchange(heard_of, still_at_work) != still_at_work) deadline = deadline_anew();
    return receive_more(heard_ ? deadline : first, unanswered);
  });
  if (head) return head;
  const Way& way = connection_.way();
  if (way.forwarded()) return proxy_gave(*way.proxy, std::move(head).error(), buffer_.view());
  if (!looks_like_tls(buffer_.view())) return head;
  return speaks_tls(std::move(head).error(), "the server", Hint::use_https);
}

Result<std::size_t> Message::receive(std::span<std::byte> into) {
  if (left_over() > 0) {
    const std::size_t count = std::min(left_over(), into.size());
    std::memcpy(into.data(), buffer_.view().data(), count);
    buffer_.take(count);
    return count;
  }
  const Instant begin = std::chrono::steady_clock::now();
  Deadline deadline = deadline_after(limits_.idle, "nothing received for", limits_.deadline);
  const Instant silent = begin + limits_.idle - quiet_;
  if (quiet_.count() > 0 && silent < deadline.until)
    deadline = {silent, "nothing of the body received for", limits_.idle};
  auto got = connection_.receive(into, {stop_, deadline});
  const auto waited = std::chrono::steady_clock::now() - begin;
  quiet_ += waited;
  waited_ += waited;
  return got;
}

Result<void> Message::count_body(std::size_t bytes) {
  if (bytes > 0) quiet_ = {};
  got_ += bytes;
  if (limits_.min_speed == 0 || waited_ < limits_.speed_window) return {};
  const double speed = static_cast<double>(got_) / std::chrono::duration<double>(waited_).count();
  waited_ = {};
  got_ = 0;
  if (speed >= static_cast<double>(limits_.min_speed)) return {};
  const double window = std::chrono::duration<double>(limits_.speed_window).count();
  return network_error("receive", "", fmt::format("slower than {} bytes/s for {:g} s", limits_.min_speed, window));
}

}  // namespace segdl::io
