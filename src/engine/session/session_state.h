// What a Session is made of.
#pragma once

#include <segdl/session.h>

#include "engine/base/descriptors.h"
#include "engine/fetch/credential_store.h"
#include "engine/schedule/pool.h"
#include "engine/schedule/throttle.h"
#include "engine/session/completion_queue.h"
#include "engine/store/directory_cache.h"
#include "engine/store/publisher.h"
#include "seams/env.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace segdl::engine {

// What is outside of a session, and the credentials that were read from files.
struct World {
  std::unique_ptr<FileSystem> files;
  std::unique_ptr<Clock> clock;
  Result<std::unique_ptr<Transport>> transport;  // or why there is none
  GivenCredentials given = {};
};

struct SessionState {
  SessionState(SessionOptions, World);

  const SessionOptions options;
  const std::unique_ptr<FileSystem> files;
  const std::unique_ptr<Clock> clock;
  std::unique_ptr<Transport> transport;
  const std::vector<std::string> notes;  // of what it was made with
  std::optional<Error> broken;           // why nothing can be downloaded: returned by every download()
  std::atomic<std::uint64_t> next_id = 1;
  CompletionQueue ended;
  Throttle throttle;
  DirectoryCache directories;
  CredentialStore secrets;
  const Descriptors descriptors;
  Publisher publisher;
  Pool pool;  // last: its threads use the rest

  Env env() const { return {*files, *transport, *clock}; }
};

// A session in any world; Session's own constructor takes the system's.
Session session_of(std::unique_ptr<SessionState>);

}  // namespace segdl::engine
