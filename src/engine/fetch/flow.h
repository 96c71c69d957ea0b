// The bytes that one worker receives: how fast they come, and how many to request at a time. Used by one thread.
#pragma once

#include "engine/fetch/fetch_context.h"
#include "engine/schedule/pool.h"
#include "seams/clock.h"

#include <cstdint>
#include <stop_token>

namespace segdl::engine {

class Flow {
 public:
  // REQUIRES: both outlive this object.
  Flow(const FetchContext& context, Slot& slot) : context_(context), slot_(slot), measured_from_(context.clock.now()) {}

  // How much to read at a time.
  std::uint64_t max_read() const { return context_.throttle.max_read(); }
  // Body bytes have arrived, whatever becomes of them: waits if the session's speed is limited. False after a stop
  // request.
  bool received(std::uint64_t bytes, const std::stop_token&);
  // All that have.
  std::uint64_t total() const { return total_; }

  // Before a request: what was measured long ago counts half.
  void fade(Instant now);
  void measure_anew();
  double speed() const;  // bytes/s; 0 if not known yet

  // How many bytes to request: about five seconds' worth, and no more than a fair part of what is left.
  std::uint64_t span_limit(std::uint64_t left) const;
  // How many bytes before the response that brings everything are left to it, so that it is not closed before others
  // are served what is missing. Fewer where a checksum is computed, which is done in file order.
  std::uint64_t reserve() const;

 private:
  const FetchContext& context_;
  Slot& slot_;
  std::uint64_t total_ = 0;
  std::uint64_t measured_ = 0;  // since `measured_from_`
  Instant measured_from_;
};

}  // namespace segdl::engine
