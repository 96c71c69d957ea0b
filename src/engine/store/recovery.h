// What a run finds under a download's names, and what is done about it: the table of doc/recovery.md.
//
// The lock on the inode of `NAME.part` is taken before anything else, and then what is there is one of: nothing, or
// this download's to continue, or its own but of no use, or published already, or foreign. What is foreign is never
// touched: Request::existing concerns the output alone. On a file system where a rename is a link and an unlink, data
// under both of its names is taken by the first, and `NAME.segdl.new` is removed.
#pragma once

#include <segdl/error.h>
#include <segdl/task.h>

#include "core/store/journal_format.h"
#include "engine/store/directory_cache.h"
#include "engine/store/journal/journal.h"
#include "engine/store/names.h"
#include "engine/store/output_file.h"
#include "seams/file_system.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace segdl::engine {

// An output that an earlier run has given its name, dying before its journal was removed.
struct Published {
  std::shared_ptr<OpenDirectory> open;
  Names names;
  std::unique_ptr<File> output;  // locked, unless there was a data file
  JournalIdentity identity;
  std::optional<Metadata> metadata;  // nothing if they are torn: then it is not known of which URL this is
  bool decoded = false;              // the output is the content of what the journal describes
  std::vector<std::string> notes;    // of what could not be removed

  std::string path() const { return open->directory().path_of(names.output); }
  // To a request for another URL: it is a file that exists already.
  Error of_another_url() const;
};

// One of the two.
struct Recovered {
  std::unique_ptr<OutputFile> output_file = nullptr;
  std::unique_ptr<Published> published = nullptr;
};

// `name` is one component. Cause::exists for foreign files, Cause::busy if another process holds the download.
Result<Recovered> recover(std::shared_ptr<OpenDirectory>, const std::string& name, const Request&, std::stop_token);

// If there are an output and a journal, and the output is what the journal describes, makes it durable, removes what is
// left beside it and gives the output. What it is is proved by its content: every segment is claimed, every proof holds
// and the size is right. A device or inode number proves nothing, since the next boot or mount may give others. A data
// file may be there as well: a rename that is a link and an unlink leaves both names. Null in every other case: then
// nothing was changed. Nor was it where the output is decoded and the request is for what was sent, which may be beside
// it still: null if the request may replace the output, else Cause::exists. Cause::busy if another process is at work
// on it.
Result<std::unique_ptr<Published>> finish_published(const std::shared_ptr<OpenDirectory>&, const Names&, const Request&,
                                                    const std::stop_token&);

// Whether the output is there and is all of what the journal describes, or its content, by its bytes. Changes nothing.
enum class Output : std::uint8_t { other, as_sent, decoded };
Result<Output> published_as(Directory&, const Names&, const Journal&);

}  // namespace segdl::engine
