// Fetches a resource of at most one segment: in memory until it is whole, without a journal.
#pragma once

#include <segdl/error.h>

#include "engine/store/output_file.h"
#include "engine/store/unnamed_file.h"
#include "engine/task/task_context.h"
#include "engine/task/version.h"

#include <memory>

namespace segdl::engine {

// A resource of one segment needs no journal: it is kept in memory until it is whole, and then in a file that a death
// leaves nothing of. Null if this is none, or the file system has no such files; then nothing was read. REQUIRES: the
// first response is at hand.
Result<std::unique_ptr<UnnamedFile>> fetch_small(TaskContext&, Version&, OutputFile&);

}  // namespace segdl::engine
