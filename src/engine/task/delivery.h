// A resource given to Request::consumer, or to an output that is no regular file: in order, over one connection,
// without a place on disk.
#pragma once

#include <segdl/error.h>

#include "engine/store/directory_cache.h"
#include "engine/task/decoding.h"
#include "engine/task/probe.h"
#include "engine/task/task_context.h"
#include "engine/task/version.h"

#include <memory>
#include <string>

namespace segdl::engine {

class Delivery {
 public:
  // REQUIRES: all of them outlive it.
  Delivery(TaskContext& task, Probe& probe, Decoding& decoding, Version& version)
      : task_(task), probe_(probe), decoding_(decoding), version_(version) {}

  // Whether the output is no regular file, and is open then. What the request names as its output may be a pipe, a
  // terminal or a device. What only the URL or the server names never is: the user did not ask to write to that.
  Result<bool> open(OpenDirectory&);
  // All of the resource to that, whose path this is, or to the request's consumer.
  Result<void> deliver(const std::string& path);

 private:
  TaskContext& task_;
  Probe& probe_;
  Decoding& decoding_;
  Version& version_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace segdl::engine
