// Finishing a download that died between giving the output its name and removing the journal.
#pragma once

#include <segdl/error.h>

#include "core/journal_format.h"
#include "engine/journal.h"
#include "seams/file_system.h"

#include <memory>
#include <optional>
#include <stop_token>

namespace segdl::engine {

struct Names;

struct Published {
  std::unique_ptr<File> output;
  Identity identity;
};

// If there is no data file but an output and a journal, and the output is what the journal speaks of (its size, and
// every proof holds), removes the journal and gives the output. Nothing in every other case: then nothing was changed.
// Cause::busy if another process is just publishing it.
Result<std::optional<Published>> finish_published(Directory&, const Names&, std::stop_token);

// Whether the segment's bytes in `data` hash to its proof. Reads in pieces of 256 KiB; a short or failing read is
// false: what can't be read is not there.
bool proof_holds(File& data, const Journal&, Segment);

}  // namespace segdl::engine
