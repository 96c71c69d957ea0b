#include "io/waker.h"

#include "io/system_error.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>
#include <vector>

namespace segdl::io {
namespace {

Error stopped_error() {
  Error error;
  error.cause = Cause::cancelled;
  error.reason = "interrupted";
  return error;
}

int milliseconds_until(Instant until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
}

}  // namespace

Error network_error(Remedy remedy, std::string operation, std::string subject, std::string reason) {
  Error error;
  error.cause = Cause::network;
  error.remedy = remedy;
  error.operation = std::move(operation);
  error.subject = std::move(subject);
  error.reason = std::move(reason);
  return error;
}

void Waker::Ring::operator()() const noexcept {
  const std::uint64_t one = 1;
  // Can only fail if the counter is full, and then it is readable already.
  [[maybe_unused]] const auto written = ::write(descriptor, &one, sizeof one);
}

Waker::Waker(std::stop_token token)
    : token_(std::move(token)),
      event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      callback_(token_, Ring{event_.get()}) {}

Result<void> Waker::wait(std::span<::pollfd> descriptors, const Bound& bound) const {
  if (!event_) return network_error(Remedy::retry, "wait for the network", "", system_words(EMFILE));
  std::vector<::pollfd> all(descriptors.begin(), descriptors.end());
  all.push_back({event_.get(), POLLIN, 0});
  for (;;) {
    const int ready = ::poll(all.data(), all.size(), milliseconds_until(bound.until));
    if (ready < 0 && errno != EINTR)
      return network_error(Remedy::retry, "wait for the network", "", system_words(errno));
    if (stopped()) return stopped_error();
    if (ready > 0) break;
    if (std::chrono::steady_clock::now() >= bound.until) return network_error(Remedy::retry, "", "", bound.words);
  }
  std::copy_n(all.begin(), descriptors.size(), descriptors.begin());
  return {};
}

Result<void> Waker::wait(int descriptor, short events, const Bound& bound) const {
  ::pollfd one{descriptor, events, 0};
  return wait(std::span(&one, 1), bound);
}

}  // namespace segdl::io
