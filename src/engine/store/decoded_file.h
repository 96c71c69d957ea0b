// What is published instead of the data where that is coded and its content is wanted: NAME.part.out.
//
// The journal records that it is this download's before it is there, durably; what has that name otherwise is another
// program's. The data stays beside it until the content has the output's name, so that a death costs no more than the
// decoding. Used by one thread at a time.
#pragma once

#include <segdl/error.h>
#include <segdl/task.h>

#include "core/store/journal_format.h"
#include "engine/store/journal/journal.h"
#include "engine/store/names.h"
#include "seams/file_system.h"

#include <memory>

namespace segdl::engine {

class DecodedFile {
 public:
  // `journal`: the download's, whenever it has one. REQUIRES: all of it outlives this object.
  DecodedFile(Directory& directory, const Names& names, const std::unique_ptr<Journal>& journal)
      : directory_(directory), names_(names), journal_(journal) {}

  // What this run has made; null before begin() and after drop().
  File* file() const { return file_.get(); }

  // Whether what has the name, if anything, may be removed: to be known before anything is fetched.
  Result<void> may_begin() const;

  // REQUIRES: there is a journal, and the data is whole.
  Result<File*> begin();

  // It is whole, and synced unless `sync` waives that: the journal describes by what it can be recognised.
  Result<void> finish(const DecodedOutput&, Sync);

  // Whether the name is still that of what this run has made. REQUIRES: file().
  Result<bool> has_its_name() const { return file_->has_name(names_.decoded); }

  // What an earlier run, or this one, has begun is no longer wanted: it is removed, and what has that name from then on
  // is another program's.
  Result<void> drop();

 private:
  Directory& directory_;
  const Names& names_;
  const std::unique_ptr<Journal>& journal_;
  std::unique_ptr<File> file_;
};

}  // namespace segdl::engine
