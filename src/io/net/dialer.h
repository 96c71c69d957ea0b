// Connects to the first address that answers.
#pragma once

#include <segdl/error.h>

#include "core/url/url.h"
#include "io/base/descriptor.h"
#include "io/base/stoppable_wait.h"
#include "io/net/resolver.h"

#include <span>

namespace segdl::io {

struct Dialled {
  Descriptor socket;
  Address address;
};

// A connected, non-blocking TCP socket. The next address is tried 250 ms after the one before, or immediately when that
// fails; the first to connect wins (RFC 8305 section 5).
// If all fail, returns the error of the last one to fail.
Result<Dialled> dial(const Origin&, std::span<const Address>, const StoppableWait&);

}  // namespace segdl::io
