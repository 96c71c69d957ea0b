// A Transport without a network: plays an OriginScript. Thread-safe.
//
// It is the far end and the near end in one: the answer's wire bytes are read with the same parsers as the real
// transport's (core/http_head, core/chunked), in pieces of uneven sizes, and whatever is wrong with them is the same
// Cause and Remedy. What would take time moves the clock: a stall by the limit it runs into, a drip by its pauses.
//
// Beside the fields of the request the script sees Host, as a server would, and Client-Cert if it
// could have had the client certificate (RFC 9440).
#pragma once

#include "seams/transport.h"
#include "support/fake_clock.h"
#include "support/origin_script.h"

namespace segdl::test {

class FakeOrigin final : public Transport {
 public:
  // REQUIRES: both outlive the origin and its exchanges.
  FakeOrigin(OriginScript& script, FakeClock& clock) : script_(script), clock_(clock) {}

  Result<std::unique_ptr<Exchange>> get(const HttpRequest&, const Limits&, std::stop_token) override;

 private:
  OriginScript& script_;
  FakeClock& clock_;
};

}  // namespace segdl::test
