// What the type of a file system (statfs(2): f_type) shows of it, where nothing can be tried that would.
#pragma once

namespace segdl::io {

// Whether a user-space process serves it (FUSE): file numbers and locks are then what that process makes of them.
bool is_on_fuse(int descriptor);

// Whether shared mappings of its files can be trusted. False if its pages may be changed behind the kernel's back, by
// another machine or a daemon, or if it may lose mapped stores.
bool maps_well(int descriptor);

// Whether it finds holes slowly: ZFS writes out its memory before it answers.
bool finds_holes_slowly(int descriptor);

// Whether a sync of a directory also makes the link counts of files named in it durable: only where both are in one
// transaction.
// EXT2_SUPER_MAGIC means ext2, ext3 and ext4; those with a journal on their own device have a folder in /proc (jbd2).
// False for all others, overlays for one.
bool syncs_links(int descriptor);

}  // namespace segdl::io
