// What a whole file is given before its name: mode, time, receipt, and its place on the disk.
#pragma once

#include <segdl/error.h>

#include "core/http/http_fields.h"
#include "engine/store/journal/checkpoint.h"
#include "engine/store/output_file.h"
#include "engine/task/task_context.h"
#include "engine/task/version.h"

namespace segdl::engine {

// Gives the data of a download that has everything its time, receipt and mode, in this order, and syncs it. The journal
// has the last word on whether everything is there: Cause::internal if not.
Result<void> settle(TaskContext&, const Version&, OutputFile&, Checkpoint&);

// What replaces a file is used as that was: by its owner, its group, others. Bits that are no permissions (set-user-ID)
// are not, as writing to the file would have taken them. Where nothing can be set (another user's vfat, some FUSE),
// that does not cost the file, and is worth a word only if it gives others more. What another user may have put there
// to be replaced has nothing to leave: to own what root has fetched, or to write to it, would be as good as a forged
// file.
void give_access(TaskContext&, OutputFile&, File&);

// The server's time for it. One that no file can have is a server's mistake, and is not used.
void give_remote_time(TaskContext&, File&);

// Makes the server's time for it one that proves nothing: listings show the same second, and no server can name it.
// Where times are kept in steps of two seconds it becomes an older one.
void disclaim_time(TaskContext&, File&);

// REQUIRES: nothing is written to the file any more, nor is its time set; its mode is not set yet, which may be one
// that lets not even its owner keep an attribute with it. Without a sync a power cut could leave the receipt of bytes
// that are lost, which no later run would find out. A file whose time is a date that two versions may have had gets a
// receipt that records this, or a later run would take it for another program's, and the date for proof. Where nothing
// is kept with the file, its time has to show it.
void keep_receipt(TaskContext&, File&, const Validator&, bool vouched);

}  // namespace segdl::engine
