// Which missing part is granted to which worker, while one of them reads ahead.
//
// In file order, so that the file grows behind a nearly contiguous front. But while one worker (the reader) reads
// ahead, what lies before it is reserved for it as long as there is other work:
//
//   RRRR..............4443332222|5556    first behind the reserve, in file order (most files have nothing
//        --->      <---         |        there), then from its end backwards
//
// So the reader reaches another worker's part only when all is granted, and its response, which may be the server's
// last, is kept open as long as possible.
// The reserve is bounded, as a checksum is computed in file order. Pure.
#pragma once

#include "core/schedule/kept_prefixes.h"
#include "core/schedule/scheduler.h"

#include <cstdint>
#include <optional>

namespace segdl {

class ReadAhead {
 public:
  // This worker, which holds nothing, is about to request everything from the first missing segment on. Until end() the
  // next `reserve` bytes are granted to others only far from where it is. One worker at a time.
  void begin(WorkerId, const SegmentStates&, std::uint64_t reserve);
  void end(WorkerId);
  bool is_by(WorkerId worker) const { return reader_ == worker; }

  // The next span for this worker; nothing if nothing is missing.
  std::optional<Span> grant(Scheduler&, const KeptPrefixes&, WorkerId, Want) const;

 private:
  std::optional<WorkerId> reader_;
  std::uint32_t reserve_end_ = 0;  // of the segments reserved for it
};

}  // namespace segdl
