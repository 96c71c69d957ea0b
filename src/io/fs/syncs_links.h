// What a sync of a directory makes durable.
#pragma once

namespace segdl::io {

// Whether a sync of a directory also makes the link counts of files named in it durable: only where both are in one
// transaction.
// EXT2_SUPER_MAGIC means ext2, ext3 and ext4; those with a journal on their own device have a folder in /proc (jbd2).
// False for all others, overlays for one.
bool syncs_links(int descriptor);

}  // namespace segdl::io
