// What a Session and a Task are made of.
#pragma once

#include <segdl/session.h>
#include <segdl/task.h>

#include "core/url.h"
#include "engine/meter.h"
#include "engine/monitor.h"
#include "seams/env.h"

#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace segdl::engine {

struct SessionState {
  SessionOptions options;
  std::unique_ptr<FileSystem> files;
  std::unique_ptr<Clock> clock;
  std::unique_ptr<Transport> transport;
  std::optional<Error> broken = std::nullopt;  // why nothing can be downloaded: told by every download()

  Env env() const { return {*files, *transport, *clock}; }
};

struct TaskState {
  TaskState(Env, SessionOptions, Request, Url, std::string name);

  Env env;
  SessionOptions options;
  Request request;
  Url url;
  std::string name;
  Meter meter;

  Mutex mutex;
  Condition ended;
  std::optional<Result<Report>> result SEGDL_GUARDED_BY(mutex);

  std::jthread worker;  // last: ends before what it uses

  void run(std::stop_token);
};

}  // namespace segdl::engine
