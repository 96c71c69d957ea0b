// Names to addresses, on a thread that can be left behind.
//
// getaddrinfo() can't be interrupted and may take half a minute, so each look-up of a name runs on a thread of its own;
// whoever asked waits for it, a stop request or a deadline, whichever comes first. A look-up left behind ends by itself
// some time later and finds nobody waiting. Their number is bounded. Thread-safe.
#pragma once

#include <segdl/error.h>

#include "core/url.h"
#include "io/waker.h"

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace segdl::io {

struct Address {
  ::sockaddr_storage storage{};
  ::socklen_t size = 0;
};

// What a look-up gives: addresses, or a getaddrinfo() error code.
struct LookUp {
  std::vector<Address> addresses;
  int code = 0;
};
using LookUpFunction = std::function<LookUp(const std::string& host, std::uint16_t port)>;

// getaddrinfo(3).
LookUp system_look_up(const std::string& host, std::uint16_t port);

class Resolver {
 public:
  explicit Resolver(LookUpFunction look_up = system_look_up);

  // All addresses of the host, families taking turns, beginning with the one the system prefers (RFC 8305 section 4).
  Result<std::vector<Address>> resolve(const Origin&, const Bound&, const Waker&);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;  // shared with look-ups that outlive the Resolver
};

}  // namespace segdl::io
