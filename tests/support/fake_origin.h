// A Transport without a network: plays an OriginScript. Bodies come in pieces of uneven sizes. Thread-safe.
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
