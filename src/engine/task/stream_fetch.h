// Fetches a resource in one response, from its beginning to its end, again if that is interrupted.
#pragma once

#include <segdl/error.h>

#include "engine/store/journal/proof.h"
#include "engine/store/output_file.h"
#include "engine/task/task_context.h"
#include "engine/task/version.h"

namespace segdl::engine {

class StreamFetch {
 public:
  // REQUIRES: all of them outlive it; the output has a journal.
  StreamFetch(TaskContext& task, Version& version, OutputFile& output_file)
      : task_(task), version_(version), output_file_(output_file), journal_(output_file.journal()) {}

  // Until all of it is there, and nothing shows that it is not what arrived: of the whole there is one proof, and what
  // was damaged begins again. Then it goes to disk. REQUIRES: the first response is at hand.
  Result<void> fetch();

  // Whether an earlier run has received it whole, and not published it; or up to an end that nothing vouches for, where
  // the request takes that for its own, or has a checksum to decide. No request is made: no answer of today could
  // show more about what came then. What does not prove to be just that is given up.
  Result<bool> is_here();

  Result<void> settle();

 private:
  Result<void> receive(Watch&);
  Result<void> drop(Metadata);

  TaskContext& task_;
  Version& version_;
  OutputFile& output_file_;
  Journal& journal_;
};

}  // namespace segdl::engine
