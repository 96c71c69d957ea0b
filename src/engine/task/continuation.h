// Whether what an earlier run has left may be continued, and what vouches for it.
#pragma once

#include <segdl/error.h>

#include "engine/store/journal/journal.h"
#include "engine/task/task_context.h"
#include "engine/task/version.h"

namespace segdl::engine {

class Continuation {
 public:
  // REQUIRES: all of them outlive it; the journal has a layout.
  Continuation(TaskContext& task, Version& version, Journal& journal)
      : task_(task), version_(version), journal_(journal) {}

  // Claims of what did not hash to this very checksum are given up, durably, before anything of it is fetched again
  // (J4), and their proofs with them. The note goes after them: a death in between gives up what there is then, which
  // is nothing yet.
  Result<void> forget_refuted();

  // Chooses what vouches for it, and compares it where that takes a request. A response for what is missing may be at
  // hand then.
  Result<void> check();

  // The server calls the version differently, and perhaps it is the same. What is here stays, and is compared with what
  // comes, byte by byte; or the checksum decides in the end.
  Result<void> vouch_otherwise(const Error& change);

 private:
  Result<void> choose_voucher();
  Result<void> check_same(const Resource&);
  Result<void> compare_samples(const Resource&, bool is_fresh_link);
  Result<void> mark_mixed();

  TaskContext& task_;
  Version& version_;
  Journal& journal_;
};

}  // namespace segdl::engine
