// What all downloads of a session share.
#pragma once

#include <segdl/session.h>

#include "engine/directories.h"
#include "engine/pool.h"
#include "engine/secrets.h"
#include "engine/throttle.h"
#include "seams/env.h"

namespace segdl::engine {

// REQUIRES: all of it outlives every download.
struct Shared {
  Env env;
  const SessionOptions& options;
  Pool& pool;
  Throttle& throttle;
  Directories& directories;
  Secrets& secrets;
};

}  // namespace segdl::engine
