// Whether what an earlier run has left may be continued, and what vouches for it.
#pragma once

#include <segdl/error.h>

#include "engine/store/journal/journal.h"
#include "engine/task/task_context.h"
#include "engine/task/version.h"

namespace segdl::engine {

// REQUIRES for all of them: the journal has a layout.

// Claims of what did not hash to this very checksum are given up, durably, before anything of it is fetched again
// (J4), and their proofs with them. The note goes after them: a death in between gives up what there is then, which
// is nothing yet.
Result<void> forget_refuted(TaskContext&, Journal&);

// Chooses what vouches for it, and compares it where that takes a request. A response for what is missing may be at
// hand then.
Result<void> check_continuation(TaskContext&, Version&, Journal&);

// The server calls the version differently, and perhaps it is the same. What is here stays, and is compared with what
// comes, byte by byte; or the checksum decides in the end.
Result<void> vouch_otherwise(TaskContext&, Version&, Journal&, const Error& change);

}  // namespace segdl::engine
