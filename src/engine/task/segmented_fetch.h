// Fetches a resource in segments, with all who can help, and repairs what is damaged meanwhile.
//
//   pass:    what is not claimed is fetched, while the claims are proved beside it; the digest of the whole is compared
//   repair:  where that fails, or the file has traces of another writer, all is re-hashed; what fails its proof is
//            revoked like a claim of an earlier run (J4), and the next pass fetches it
//
// Each pass has a dispatcher, a checkpoint and threads of its own. The last pass leaves all of it on disk.
#pragma once

#include <segdl/error.h>

#include "engine/store/output_file.h"
#include "engine/task/adoption.h"
#include "engine/task/task_context.h"
#include "engine/task/version.h"

namespace segdl::engine {

// Until all of it is there, and nothing shows that it is not what arrived. A response may be at hand for what is
// missing, or all of it. REQUIRES: the output has a journal with a layout.
Result<void> fetch_segments(TaskContext&, Version&, Adoption&, OutputFile&);

}  // namespace segdl::engine
