// What a test program has tried, for the last line it prints:
//
//   totals kinds: kills=1650 power-cuts=3300 wrong=0 hangs=0 crashes=0 other=0
//
// Deaths and failures of fake disks are counted by themselves; a test adds what else it counts. `other` is the number
// of test cases that failed, whatever the failure was. tools/evidence reads the line.
#pragma once

#include <cstdint>
#include <string>

namespace segdl::test {

// Adds to a number of the totals, which stand in alphabetical order. Not thread-safe.
void tally(const std::string& what, std::uint64_t times = 1);

}  // namespace segdl::test
