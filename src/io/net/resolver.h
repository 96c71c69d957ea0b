// Resolves names to addresses, on threads that a caller need not wait for.
//
// getaddrinfo() can't be interrupted and may take half a minute, so each lookup of a name runs on a thread of its own.
// The caller waits for it, a stop request or a deadline, whichever comes first.
// An abandoned lookup ends by itself some time later. All callers that want one name at one time share a lookup. The
// number of lookups is limited.
//
// Addresses are kept for 60 s: getaddrinfo() does not report how long they are valid, and browsers use this time.
// A failure is not kept.
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

// The result of a lookup: addresses, or a getaddrinfo() error code, with EAI_SYSTEM an errno value too.
struct LookUp {
  std::vector<Address> addresses;
  int code = 0;
  int number = 0;
};
using LookUpFunction = std::function<LookUp(const std::string& host, std::uint16_t port)>;

// The lookup by getaddrinfo(3).
LookUpFunction system_look_up(AddressFamily);

// Thread-safe.
class Resolver {
 public:
  // REQUIRES: the clock outlives the resolver.
  Resolver(LookUpFunction look_up, Clock& clock, AddressFamily family = AddressFamily::any);

  // All addresses of the host in the wanted family, or in all with families alternating, beginning with the one the
  // system prefers (RFC 8305 section 4).
  Result<std::vector<Address>> resolve(const Origin&, const StoppableWait&);

  // None of the addresses of this host can be reached: the next resolve() asks again.
  void forget(const Origin&);
  // The address can be reached and does not answer: it comes last as long as the addresses are kept.
  void put_last(const Origin&, const Address&);

 private:
  struct Running;
  struct Shared;
  // REQUIRES: the mutex is held.
  Result<std::shared_ptr<Running>> join_or_start(const Origin&, Instant now);

  std::shared_ptr<Shared> shared_;  // shared with lookups that outlive the Resolver
  Clock& clock_;
};

}  // namespace segdl::io
