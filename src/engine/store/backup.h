// What a download has fetched before it had to start over, until the new version has its first segment.
//
// It is set aside as `NAME.part.old` and `NAME.segdl.old`. The latter marks that this is under way:
//
//   setting aside:   segdl -> segdl.old    create part.old (empty, locked)    part <-> part.old
//   next run:        segdl claims something:  drop part.old, segdl.old        (the new one has its first segment)
//                    segdl claims nothing:    remove segdl, part.old -> part, segdl.old -> segdl
//
// A death at any point leaves one of those states. The directory is synced after the marker has come and before it
// goes, for file systems that write changes of a directory in any order. Where a rename is a link and an unlink, two of
// the names may be of one file: data under both of its names is taken by the first, a journal under both claims
// something. Used by one thread at a time.
#pragma once

#include <segdl/error.h>

#include "engine/store/names.h"
#include "seams/file_system.h"

namespace segdl::engine {

class Backup {
 public:
  // REQUIRES: both outlive it.
  Backup(Directory& directory, const Names& names) : directory_(directory), names_(names) {}

  bool exists() const { return exists_; }

  // Sets the data and its journal aside; the data file is a new one then, empty and locked. REQUIRES: !exists(), and no
  // journal is open.
  Result<void> set_aside(DataFile&);

  // It is no longer needed.
  Result<void> drop();

  // What an earlier run has set aside is dropped or put back, which may make it the data file.
  Result<void> recover(DataFile&);

  // Of a lack of space: what is set aside keeps its own until the new version has a segment, which it may be too large
  // for.
  Error explain(Error) const;

 private:
  Result<void> make_room();
  Result<void> swap_in_empty(DataFile&);
  Result<void> roll_back(DataFile&);

  Directory& directory_;
  const Names& names_;
  bool exists_ = false;
};

}  // namespace segdl::engine
