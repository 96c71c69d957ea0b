// How much of a file is in memory at a time.
#pragma once

#include <segdl/range.h>

#include <cstddef>

namespace segdl::engine {

inline constexpr std::size_t kReadPiece = 256 * kKiB;  // half of a usual second-level cache: hashed while it is there
inline constexpr std::size_t kReceivePiece = 256 * kKiB;

}  // namespace segdl::engine
