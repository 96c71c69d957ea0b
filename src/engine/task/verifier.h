// Proves the claims of an earlier run while what is missing is already being fetched (J2, J9).
#pragma once

#include "engine/progress/task_progress.h"
#include "engine/schedule/dispatcher.h"
#include "engine/store/journal/journal.h"
#include "seams/file_system.h"

#include <stop_token>

namespace segdl::engine {

// Re-hashes every claim the dispatcher has not proved yet; those that fail are revoked and fetched again. Returns when
// none is left, on a stop request, or after telling the dispatcher of an error.
void verify_claims(Dispatcher&, File& data, Journal&, TaskProgress&, std::stop_token);

}  // namespace segdl::engine
