// Fetches a resource in one response, from its beginning to its end, again if that is interrupted.
#pragma once

#include <segdl/error.h>

#include "engine/store/output_file.h"
#include "engine/task/task_context.h"
#include "engine/task/version.h"

namespace segdl::engine {

// REQUIRES for all of them: the output has a journal.

// Until all of it is there, and nothing shows that it is not what arrived: of the whole there is one proof, and what
// was damaged begins again. Then it goes to disk. REQUIRES: the first response is at hand.
Result<void> fetch_stream(TaskContext&, Version&, OutputFile&);

// Whether an earlier run has received it whole, and not published it; or up to an end that nothing vouches for, where
// the request takes that for its own, or has a checksum to decide. No request is made: no answer of today could
// show more about what came then. What does not prove to be just that is given up.
Result<bool> is_stream_here(TaskContext&, Version&, OutputFile&);

// Gives what is here what a whole file has (see settle()), and forgets that it is whole where a sync fails.
Result<void> settle_stream(TaskContext&, const Version&, OutputFile&);

}  // namespace segdl::engine
