// A resource given to Request::consumer, or to an output that is no regular file: in order, over one connection,
// without a place on disk.
#pragma once

#include <segdl/error.h>

#include "engine/store/directory_cache.h"
#include "engine/task/decoding.h"
#include "engine/task/task_context.h"
#include "engine/task/version.h"
#include "seams/file_system.h"

#include <memory>

namespace segdl::engine {

// The output, open, if it is no regular file; null if it is. What the request names as its output may be a pipe, a
// terminal or a device. What only the URL or the server names never is: the user did not ask to write to that.
Result<std::unique_ptr<Stream>> open_stream(TaskContext&, OpenDirectory&);

// All of the resource to that, or to the request's consumer; after a suspension what is left of it.
Result<void> deliver(TaskContext&, Version&, Decoding&);

}  // namespace segdl::engine
