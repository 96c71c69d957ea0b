// Fetches a resource in segments, with all who can help, and repairs what is damaged meanwhile.
//
//   pass:    what is not claimed is fetched, while the claims are proved beside it; the digest of the whole is compared
//   repair:  where that fails, or the file has traces of another writer, all is re-hashed; what fails its proof is
//            revoked like a claim of an earlier run (J4), and the next pass fetches it
//
// Each pass has a dispatcher, a checkpoint and threads of its own. The last pass leaves all of it on disk.
#pragma once

#include <segdl/error.h>

#include "core/store/layout.h"
#include "engine/schedule/pool.h"
#include "engine/store/journal/proof.h"
#include "engine/store/output_file.h"
#include "engine/task/adoption.h"
#include "engine/task/sink/segment_sink.h"
#include "engine/task/task_context.h"
#include "engine/task/version.h"

#include <vector>

namespace segdl::engine {

class SegmentedFetch {
 public:
  // REQUIRES: all of them outlive it; the output has a journal with a layout.
  SegmentedFetch(TaskContext& task, Version& version, Adoption& adoption, OutputFile& output_file)
      : task_(task), version_(version), adoption_(adoption), output_file_(output_file) {}

  // Until all of it is there, and nothing shows that it is not what arrived. A response may be at hand for what is
  // missing, or all of it.
  Result<void> fetch();

 private:
  Result<void> fetch_missing(Watch&, bool proved);
  Result<bool> drop_behind_hole(bool proved);
  Result<void> fetch_together(Work&, Assist&);
  Result<void> fetch_alone(Work&);
  Result<void> revoke_damaged(std::vector<Segment> damaged);
  Result<void> forget_doubted(const std::vector<Segment>&);
  Result<void> refute(Error);

  TaskContext& task_;
  Version& version_;
  Adoption& adoption_;
  OutputFile& output_file_;
  Journal& journal_ = output_file_.journal();
  const Layout layout_ = *journal_.identity().layout;
  const Resource known_ = version_.known(journal_.identity());
  std::vector<bool> inherited_;  // what was claimed when it began
  bool contradicted_ = false;    // the latest pass ended with a response that did, and gave up what such ones brought
  bool doubted_ = false;         // the digest of the file is not the expected one, or could not be made
};

}  // namespace segdl::engine
