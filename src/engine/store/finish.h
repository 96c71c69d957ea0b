// Finishing a download that died between giving the output its name and removing the journal.
#pragma once

#include <segdl/error.h>
#include <segdl/task.h>

#include "core/store/journal_format.h"
#include "engine/store/journal/journal.h"
#include "seams/file_system.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace segdl::engine {

struct Names;

struct Published {
  std::unique_ptr<File> output;
  JournalIdentity identity;
  std::optional<Metadata> metadata;  // nothing if they are torn: then it is not known of which URL this is
  bool decoded = false;              // the output is the content of what the journal speaks of
  std::vector<std::string> notes;    // of what could not be removed
};

// If there are an output and a journal, and the output is what the journal speaks of, makes it durable, removes what is
// left beside it and gives the output. What it is is proved by its content: every segment is claimed, every proof holds
// and the size is right. A device or inode number proves nothing, since the next boot or mount may give others. A data
// file may be there as well: a rename that is a link and an unlink leaves both names. Nothing in every other case: then
// nothing was changed. Nor was it where the output is decoded and the request is for what was sent, which may be beside
// it still: nothing if the request may replace the output, else Cause::exists. Cause::busy if another process is at
// work on it.
Result<std::optional<Published>> finish_published(Directory&, const Names&, const Request&, std::stop_token);

// Whether the output is there and is all of what the journal speaks of, or its content, by its bytes. Changes nothing.
enum class Output : std::uint8_t { other, as_sent, decoded };
Result<Output> published_as(Directory&, const Names&, const Journal&);

}  // namespace segdl::engine
