// Which parts of the resource a running download has: a picture of it, for display.
//
//   12 segments in 4 cells:   [0,3) done   [3,6) 1 done, 2 in flight   [6,9) in flight   [9,12) missing
#pragma once

#include <cstdint>
#include <vector>

#pragma GCC visibility push(default)
namespace segdl {

// A run of segments and what they are at one moment. A plain value.
struct MapCell {
  std::uint32_t segments = 0;    // in all: the sum of the next four
  std::uint32_t missing = 0;     // not assigned to any connection
  std::uint32_t in_flight = 0;   // assigned to a connection, which fetches them in order
  std::uint32_t unproved = 0;    // claimed by an earlier run and not yet proved in this one
  std::uint32_t done = 0;        // written and claimed in this run, or proved in it
  std::uint32_t revoked = 0;     // of those missing or in flight: claimed before, and the proof failed
  std::uint32_t connection = 0;  // the one that has those in flight, from 0; of several, one with a large share
  friend bool operator==(const MapCell&, const MapCell&) = default;
};

// The cells in the order of the resource, as nearly equal in size as whole segments allow, none without a segment.
using SegmentMap = std::vector<MapCell>;

}  // namespace segdl
#pragma GCC visibility pop
