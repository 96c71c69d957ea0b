// Names to addresses, on a thread that can be left behind.
//
// getaddrinfo() can't be interrupted and may take half a minute, so each look-up of a name runs on a thread of its own;
// whoever asked waits for it, a stop request or a deadline, whichever comes first. A look-up left behind ends by itself
// some time later. All who want one name at one time wait for the same look-up. The number of look-ups is bounded.
//
// Addresses are remembered for 60 s: getaddrinfo() does not tell how long they hold, and this is what browsers take.
// A failure is not remembered.
#pragma once

#include <segdl/error.h>
#include <segdl/network.h>

#include "core/url/url.h"
#include "io/base/stoppable_wait.h"
#include "seams/clock.h"

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

// What a look-up gives: addresses, or a getaddrinfo() error code, with EAI_SYSTEM an errno value too.
struct LookUp {
  std::vector<Address> addresses;
  int code = 0;
  int number = 0;
};
using LookUpFunction = std::function<LookUp(const std::string& host, std::uint16_t port)>;

// getaddrinfo(3).
LookUp system_look_up(const std::string& host, std::uint16_t port);
// The same, for addresses of one family only.
LookUpFunction system_look_up_of(AddressFamily);

// Thread-safe.
class Resolver {
 public:
  // REQUIRES: the clock outlives the resolver.
  Resolver(LookUpFunction look_up, Clock& clock, AddressFamily family = AddressFamily::any);

  // All addresses of the host that are of the wanted family, or of any, families taking turns, beginning with the one
  // the system prefers (RFC 8305 section 4).
  Result<std::vector<Address>> resolve(const Origin&, const StoppableWait&);

  // None of the addresses of this host can be reached: the next one who wants them asks again.
  void forget(const Origin&);
  // This one can, and says nothing: as long as they are remembered, it comes behind the others.
  void put_last(const Origin&, const Address&);

 private:
  struct Running;
  struct Known;
  struct Shared;
  // REQUIRES: the mutex is held.
  Result<std::shared_ptr<Running>> join_or_start(const Origin&, Instant now);
  static Result<void> start(const std::shared_ptr<Shared>&, const std::shared_ptr<Running>&, const Origin&);

  std::shared_ptr<Shared> shared_;  // shared with look-ups that outlive the Resolver
  Clock& clock_;
};

}  // namespace segdl::io
