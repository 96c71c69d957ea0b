#include "io/net/dialer.h"

#include "io/base/system_error.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

namespace segdl::io {
namespace {

constexpr std::chrono::milliseconds kStagger{250};

struct Attempt {
  Descriptor socket;
  Address address;
  std::optional<int> result = std::nullopt;  // nothing: in progress; 0: connected; else why not
};

Attempt begin(const Address& address) {
  Attempt attempt{Descriptor(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
                  address};
  if (!attempt.socket) {
    attempt.result = errno;
    return attempt;
  }
  const int on = 1;
  // Both are refinements; a socket without them works.
  static_cast<void>(::setsockopt(attempt.socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
  static_cast<void>(::setsockopt(attempt.socket.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on));
  if (::connect(attempt.socket.get(), reinterpret_cast<const ::sockaddr*>(&address.storage), address.size) == 0) {
    attempt.result = 0;
  } else if (errno != EINPROGRESS && errno != EINTR) {  // continues after a signal (connect(2))
    attempt.result = errno;
  }
  return attempt;
}

int pending_error(int socket) {
  int error = 0;
  ::socklen_t size = sizeof error;
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

std::string subject_of(const Origin& origin) { return origin.host + ":" + std::to_string(origin.port); }

// The later of two errors, but an error of the peer before a shortage of this machine. (An address of a family without
// a route looks like a shortage of ports.)
int telling(int earlier, int later) { return earlier != 0 && is_shortage(later) ? earlier : later; }

// Waits for one of the attempts or for the deadline, and records which have connected or failed.
Result<void> wait_for_any(std::vector<Attempt>& attempts, const StoppableWait& wait) {
  std::vector<::pollfd> polled;
  polled.reserve(attempts.size());
  for (const Attempt& attempt : attempts) polled.push_back({attempt.socket.get(), POLLOUT, 0});
  auto waited = wait.for_any(polled);
  if (!waited) return waited;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    if (polled[i].revents != 0) attempts[i].result = pending_error(attempts[i].socket.get());
  }
  return {};
}

}  // namespace

Result<Dialled> dial(const Origin& origin, std::span<const Address> addresses, const StoppableWait& wait) {
  std::vector<Attempt> attempts;  // in progress
  int last_error = 0;
  Instant next_start = std::chrono::steady_clock::now();
  for (;;) {
    const Instant now = std::chrono::steady_clock::now();
    if (!addresses.empty() && (attempts.empty() || now >= next_start)) {
      attempts.push_back(begin(addresses.front()));
      addresses = addresses.subspan(1);
      next_start = now + kStagger;
    }
    for (Attempt& attempt : attempts) {
      if (attempt.result == 0) return Dialled{std::move(attempt.socket), attempt.address};
      if (attempt.result) last_error = telling(last_error, *attempt.result);
    }
    std::erase_if(attempts, [](const Attempt& attempt) { return attempt.result.has_value(); });
    if (attempts.empty()) {
      if (addresses.empty()) return socket_error(last_error, "connect to", subject_of(origin));
      continue;
    }
    const bool more = !addresses.empty() && next_start < wait.deadline().until;
    auto waited = wait_for_any(attempts, more ? wait.until({next_start}) : wait);
    if (waited || (more && waited.error().cause == Cause::network)) continue;
    return of_wait(std::move(waited).error(), "connect to", subject_of(origin));
  }
}

}  // namespace segdl::io
