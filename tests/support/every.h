// The share of all cases that a test program tries.
#pragma once

#include "core/base/ascii.h"

#include <cstdint>
#include <cstdlib>

namespace segdl::test {

// One in so many: SEGDL_EVERY in the environment, else `usual`.
inline std::uint64_t every(std::uint64_t usual) {
  const char* text = std::getenv("SEGDL_EVERY");
  const std::uint64_t number = text == nullptr ? usual : parse_decimal(text).value_or(0);
  return number == 0 ? usual : number;
}

// Of the cases that loops make of each other's values: all, or one in SEGDL_EVERY. That shares no factor with how many
// values there are, so each is tried.
class CaseSample {
 public:
  // Whether the next case is tried.
  bool takes_next() { return next_++ % every(1) == 0; }

 private:
  std::uint64_t next_ = 0;
};

}  // namespace segdl::test
