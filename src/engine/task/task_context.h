// What all parts of one download use: the request, the session, the source of the bytes, the progress, and the one way
// to stop that every wait of its leader knows.
//
// Used by the leader's thread. Its helpers share the source and the progress, and make fetchers of their own with
// `fetching`.
#pragma once

#include <segdl/error.h>
#include <segdl/session.h>
#include <segdl/task.h>

#include "core/url/url.h"
#include "engine/fetch/credential_store.h"
#include "engine/fetch/fetcher.h"
#include "engine/fetch/source.h"
#include "engine/progress/task_progress.h"
#include "engine/schedule/pool.h"
#include "engine/schedule/throttle.h"
#include "engine/store/directory_cache.h"
#include "engine/task/lasting.h"
#include "seams/env.h"
#include "seams/file_system.h"

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace segdl::engine {

// What a task uses of its session. REQUIRES: all of it outlives every download.
struct SessionContext {
  Env env;
  const SessionOptions& options;
  Pool& pool;
  Throttle& throttle;
  DirectoryCache& directories;
  CredentialStore& secrets;
};

// What is downloaded, and what is known of that already.
struct Target {
  const Request& request;
  Url url;
  Lasting& lasting;
};

// The last of so many restarts asks for the whole resource in one response, which needs no validator: some servers name
// another one at every turn.
inline constexpr unsigned kMaxRestarts = 3;

struct TaskContext {
  // REQUIRES: everything referred to outlives it.
  TaskContext(const SessionContext&, Target, TaskProgress&, std::stop_token);
  TaskContext(const TaskContext&) = delete;
  TaskContext& operator=(const TaskContext&) = delete;

  // The end of waits that can take a deadline.
  Until until() const { return {stop, fetching.deadline}; }
  // The same for what can't be suspended half-way: bytes that are passed on.
  Until until_end() const { return {lasting.end.get_token(), fetching.deadline}; }
  // For work that no wait for the network ends. Errors: cancelled, or Cause::network when the time limit is reached.
  Result<void> keep_going(const Until&, const char* operation, const std::string& subject, Hints) const;

  // The output gets another name.
  void rename(std::string to);
  // Notes that belong in the report, and what the file system lacks.
  void remark(std::vector<std::string> notes);
  // It was joined with what an earlier run had left, after comparing so much with it.
  void remark_joined(std::uint64_t compared) const;

  // Whether a file hashes to what the request expects; what can't be read does not.
  Result<void> check_digest(File&, std::uint64_t size, const std::string& path) const;

  const SessionContext& session;
  const Env env;
  const std::optional<Request> updating;  // what the request comes to, if it adopts its own output
  const Request& request;
  const Url url;
  Lasting& lasting;
  const std::string& name = lasting.name;  // of the output: one component
  TaskProgress& progress;
  const std::stop_token stop;
  const Instant begun;  // so long ago as it was active
  Source source;
  const FetchContext fetching;
  Fetcher fetcher;  // the leader's
};

}  // namespace segdl::engine
