// Proves the claims of an earlier run while what is missing is already being fetched (J2, J9).
#pragma once

#include "engine/task/sink/segment_sink.h"

#include <stop_token>

namespace segdl::engine {

// Re-hashes every claim the dispatcher has not proved yet; those that fail are revoked and fetched again. Returns when
// none is left, on a stop request, or after it has reported an error to the dispatcher.
void verify_claims(Work&, const std::stop_token&);

}  // namespace segdl::engine
