// What a task takes of a file that another tool has left (see adopted_file.h).
//
// (A1) Before anything of it is claimed the journal records, durably, up to where such claims may lie
// (Metadata::adopted). (A2) Only the digest of everything vouches for them. A run without a checksum gives them up
// before it goes on. One whose checksum is not met gives them up, and fetches that part, before it reports that the
// checksum is wrong; first only what shows a gap. (A3) Given up means with their proofs, durably, and before the record
// of them is removed: a death in between gives up what there is then. What was claimed by a response in that part goes
// with them. (A4) Before the output gets its name the journal records, durably, that the digest is met (no
// Metadata::adopted): until then no file is taken for its published one, however well the proofs fit, which may be
// those of the adopted file itself.
#pragma once

#include <segdl/error.h>

#include "core/store/layout.h"
#include "engine/store/adopted_file.h"
#include "engine/store/output_file.h"
#include "engine/task/task_context.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace segdl::engine {

class Adoption {
 public:
  // REQUIRES: it outlives the Adoption.
  explicit Adoption(TaskContext& task) : task_(task) {}

  // What the request adopts, if anything. `streams`: there is no file to copy it to.
  Result<void> open(Directory&, bool streams);
  // How much of a new version may be adopted.
  std::uint64_t adoptable(const JournalIdentity&);
  // What of that part is not claimed yet, as far as the file has it.
  Result<void> adopt(OutputFile&);
  // Gives up what was adopted, if no checksum can show whether it is of this version (A2).
  Result<void> forget_unvouched(OutputFile&);
  // The digest of everything is met, or nothing adopted is left: from here on the journal may be one of a published
  // file. What was adopted is not what its validator vouches for.
  Result<void> settle(OutputFile&);
  // All of it is here, and it is not what the request expects. Whether there was something adopted to blame: first its
  // gaps, then all of it.
  Result<bool> give_up(OutputFile&, const std::vector<bool>& inherited);

 private:
  Result<std::uint64_t> copy(OutputFile&, std::uint64_t end);
  Result<std::vector<Segment>> forget_all(OutputFile&);
  Result<std::vector<Segment>> forget_gaps(OutputFile&);

  TaskContext& task_;
  std::optional<AdoptedFile> file_;
  bool blamed_gaps_ = false;
};

}  // namespace segdl::engine
