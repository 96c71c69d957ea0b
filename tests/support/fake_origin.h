// A Transport without a network: plays an OriginScript. Thread-safe.
//
// It is both ends in one: the answer's wire bytes are read by the same parsers as in the real transport
// (core/http/http_head.h, core/http/chunked.h), in pieces of uneven sizes, and errors have the same Cause and Remedy.
// What would take time advances the clock: a stall by the limit it reaches, a drip by its pauses.
//
// Beside the fields of the request the script gets Host, as a server would, and Client-Cert if the client certificate
// could have been shown (RFC 9440).
#pragma once

#include "seams/transport.h"
#include "support/fake_clock.h"
#include "support/origin_script.h"

#include <functional>
#include <utility>

namespace segdl::test {

class FakeOrigin final : public Transport {
 public:
  // `answered` is called on the thread that asked, without a lock, before it gets its answer; it may wait.
  // REQUIRES: both outlive the origin and its exchanges.
  FakeOrigin(OriginScript& script, FakeClock& clock, std::function<void()> answered = {})
      : script_(script), clock_(clock), answered_(std::move(answered)) {}

  Result<std::unique_ptr<Exchange>> get(const HttpRequest&, const Limits&, std::stop_token) override;

 private:
  OriginScript& script_;
  FakeClock& clock_;
  std::function<void()> answered_;
};

}  // namespace segdl::test
