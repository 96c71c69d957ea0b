// What the fetchers of one download have in common.
#pragma once

#include <segdl/session.h>
#include <segdl/task.h>

#include "engine/fetch/credential_store.h"
#include "engine/fetch/source.h"
#include "engine/progress/task_progress.h"
#include "engine/schedule/pool.h"
#include "engine/schedule/throttle.h"
#include "seams/clock.h"
#include "seams/transport.h"

#include <optional>
#include <stop_token>

namespace segdl::engine {

// REQUIRES: all of it outlives them.
struct FetchContext {
  Transport& transport;
  Clock& clock;
  const SessionOptions& options;
  Pool& pool;
  Throttle& throttle;
  CredentialStore& secrets;
  const Request& request;
  Source& source;
  TaskProgress& task_progress;
  std::optional<Instant> deadline;  // of the download
  std::stop_token stop;             // its end

  bool is_too_late(Instant moment) const { return deadline && moment > *deadline; }
};

}  // namespace segdl::engine
