// Which part of what is missing is granted to which worker, while one of them reads ahead.
//
// In file order, so that the file grows behind a nearly contiguous front. But while one reads ahead, the reader, what
// lies before it is left to it for as long as there is anything else:
//
//   RRRR..............4443332222|5556    first behind the reserve, in file order (most files have nothing
//        --->      <---         |        there), then from its end backwards
//
// So the reader comes to another's part when all is given, and its response, which may be the last one that the server
// gives, is closed no sooner. The reserve is bounded, as a checksum is computed in file order. Pure.
#pragma once

#include "core/schedule/kept_prefixes.h"
#include "core/schedule/scheduler.h"

#include <cstdint>
#include <optional>

namespace segdl {

class ReadAhead {
 public:
  // This worker, which holds nothing, is about to ask for all from the first missing segment on. Until end() others get
  // of the next `reserve` bytes what lies far from where it is. One at a time does.
  void begin(WorkerId, const SegmentStates&, std::uint64_t reserve);
  void end(WorkerId);
  bool is_by(WorkerId worker) const { return reader_ == worker; }

  // What this worker is to fetch next; nothing if nothing is missing.
  std::optional<Span> grant(Scheduler&, const KeptPrefixes&, WorkerId, Want) const;

 private:
  std::optional<WorkerId> reader_;
  std::uint32_t reserve_end_ = 0;  // of the segments that are left to it
};

}  // namespace segdl
