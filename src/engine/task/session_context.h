// What a task uses of its session.
#pragma once

#include <segdl/session.h>

#include "engine/fetch/credential_store.h"
#include "engine/schedule/pool.h"
#include "engine/schedule/throttle.h"
#include "engine/store/directory_cache.h"
#include "seams/env.h"

namespace segdl::engine {

// REQUIRES: all of it outlives every download.
struct SessionContext {
  Env env;
  const SessionOptions& options;
  Pool& pool;
  Throttle& throttle;
  DirectoryCache& directories;
  CredentialStore& secrets;
};

}  // namespace segdl::engine
