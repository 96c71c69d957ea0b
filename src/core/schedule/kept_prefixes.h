// The beginnings of segments that workers released, and how much of each segment has counted as progress.
//
// What a worker has of a segment that it releases is kept, and given to the next worker of it: no byte that is here is
// requested again, and the next failure at the same place is one without progress.
// P1 A byte counts as progress once, for the worker that brought it, however often it is fetched: gain().
// P2 A span begins with what is kept of a segment or ends before it: first_behind(), last_before().
// P3 At most `most` segments are kept: the largest number of simultaneous workers so far.
//
// Pure: no lock.
#pragma once

#include "core/store/layout.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

namespace segdl {

// The beginning of a segment that is not whole yet, in a buffer with room for all of it. Empty: nothing.
struct Prefix {
  std::unique_ptr<std::byte[]> bytes = nullptr;
  std::uint64_t filled = 0;
};

class KeptPrefixes {
 public:
  // Keeps the longer one of two. REQUIRES: the segment is not done.
  void keep(Segment, Prefix, std::size_t most);
  // Takes what is kept of this segment, if it is more than `filled` bytes.
  Prefix take(Segment, std::uint64_t filled);

  // How many of these bytes of the segment are new. REQUIRES: it is not done.
  std::uint64_t gain(Segment, std::uint64_t filled);
  // The same for a segment of this size that is done from here on.
  std::uint64_t done(Segment, std::uint64_t size);

  // The nearest segments of which something is kept.
  std::optional<Segment> first_behind(Segment) const;
  std::optional<Segment> last_before(Segment) const;

 private:
  std::map<Segment, Prefix> kept_;
  std::map<Segment, std::uint64_t> marks_;  // how much of each segment was counted
};

}  // namespace segdl
