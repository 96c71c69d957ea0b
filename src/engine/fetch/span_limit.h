// How many bytes a worker requests at a time.
#pragma once

#include "engine/fetch/fetch_context.h"
#include "engine/schedule/flow.h"

#include <cstdint>

namespace segdl::engine {

// About five seconds' worth, and no more than a fair part of what is left.
std::uint64_t span_limit(const FetchContext&, const Flow&, std::uint64_t left);

// How many bytes before the response that brings everything are left to it, so that it is not closed before others are
// served what is missing. Fewer where a checksum is computed, which is done in file order.
std::uint64_t reserve_of(const Request&);

}  // namespace segdl::engine
