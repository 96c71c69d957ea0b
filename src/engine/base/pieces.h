// How much of a file is in memory at a time.
#pragma once

#include <segdl/range.h>

#include <cstddef>

namespace segdl::engine {

// Half of a usual second-level cache: what is read is hashed while it is there.
inline constexpr std::size_t kIoBuffer = 256 * kKiB;

}  // namespace segdl::engine
