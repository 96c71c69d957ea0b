#include "io/base/stoppable_wait.h"

#include "core/base/errors.h"
#include "io/base/descriptor.h"
#include "io/base/system_error.h"

#include <fmt/format.h>

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>
#include <vector>

namespace segdl::io {
namespace {

int milliseconds_until(Instant until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
}

// An eventfd that a stop request makes readable while its thread waits.
class Bell {
 public:
  // False if there are no descriptors left.
  bool ready() {
    if (!event_) event_ = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    return static_cast<bool>(event_);
  }
  int descriptor() const { return event_.get(); }
  void ring() const noexcept {
    const std::uint64_t one = 1;
    // Fails only if the counter is full, and then the descriptor is readable already.
    [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
  }
  void quiet() const {
    std::uint64_t rung = 0;
    [[maybe_unused]] const auto got = ::read(event_.get(), &rung, sizeof rung);  // fails if it was not rung
  }

 private:
  Descriptor event_;
};

}  // namespace

Error Deadline::error(std::string operation) const {
  std::string words(what);
  if (time.count() > 0) words += fmt::format(" {:g} s", std::chrono::duration<double>(time).count());
  Error error = network_error(std::move(operation), "", std::move(words));
  error.out_of_time = of_download;
  return error;
}

Deadline deadline_after(std::chrono::milliseconds time, std::string_view what, const std::optional<Instant>& last) {
  const Instant until = std::chrono::steady_clock::now() + time;
  if (last && *last < until) return {*last, kTimeLimit, std::chrono::milliseconds(0), true};
  return {until, what, time};
}

Error network_error(std::string operation, std::string subject, std::string reason) {
  Error error = make_error(Cause::network, std::move(operation), std::move(subject), std::move(reason));
  return with_remedy(std::move(error), Remedy::retry);
}

Error of_wait(Error error, std::string operation, std::string subject) {
  if (error.cause != Cause::network) return error;
  error.operation = std::move(operation);
  error.subject = std::move(subject);
  return error;
}

Result<void> StoppableWait::poll_until(std::span<::pollfd> all) const {
  for (;;) {
    const int ready = ::poll(all.data(), all.size(), milliseconds_until(deadline_.until));
    if (ready < 0 && errno != EINTR) return network_error("wait for the network", "", system_words(errno));
    if (stopped()) return cancelled();
    // What arrived while this process was suspended arrived in time.
    if (ready > 0) return {};
    if (is_late()) return deadline_.error("");
  }
}

Result<void> StoppableWait::wait_beside(std::span<::pollfd> all) const {
  if (stopped()) return cancelled();
  // Checked here too: something may always be ready, but never what is waited for.
  if (is_late()) return deadline_.error("");
  thread_local Bell bell;
  if (!bell.ready()) return socket_error(EMFILE, "connect to", "");
  all.back() = {bell.descriptor(), POLLIN, 0};
  auto waited = [&] {
    // Deregistered before this returns: a later stop request does not ring, and one in progress has rung by then.
    const std::stop_callback ring(*token_, [bell = &bell]() noexcept { bell->ring(); });
    return poll_until(all);
  }();
  if (stopped()) bell.quiet();
  return waited;
}

Result<void> StoppableWait::for_any(std::span<::pollfd> descriptors) const {
  std::vector<::pollfd> all(descriptors.size() + 1);
  std::ranges::copy(descriptors, all.begin());
  auto waited = wait_beside(all);
  std::copy_n(all.begin(), descriptors.size(), descriptors.begin());
  return waited;
}

Result<void> StoppableWait::for_ready(int descriptor, short events) const {
  std::array<::pollfd, 2> both{{{descriptor, events, 0}, {}}};
  return wait_beside(both);
}

}  // namespace segdl::io
