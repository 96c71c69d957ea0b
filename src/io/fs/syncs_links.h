// What a sync of a directory brings to disk.
#pragma once

namespace segdl::io {

// Whether a sync of a directory brings the link counts of what was named in it to disk: where both are of one
// transaction. EXT2_SUPER_MAGIC stands for ext2, ext3 and ext4; those with a journal on their own device have a folder
// in /proc (jbd2). What is not known, overlays for one, does not.
bool syncs_links(int descriptor);

}  // namespace segdl::io
