#pragma once

#include <cstdint>

namespace segdl {

// A worker of one download, counted from 0: dense, so that tables can be indexed by it.
enum class WorkerId : std::uint32_t {};
constexpr std::uint32_t index(WorkerId worker) { return static_cast<std::uint32_t>(worker); }

}  // namespace segdl
