// Whether a name leads to an open file, on file systems where inode numbers do not show it.
//
// Some network and user-space file systems give one file another inode number at each request, or different ones by
// name and by handle.
// There the file is marked: its time is set by the handle to one of some 2^29 random values and read by the name;
// twice, and then restored.
// Its bytes are never changed: it may meanwhile be published and belong to the user. A death in between leaves a wrong
// time, which proves nothing to --update.
#pragma once

#include <segdl/error.h>

#include <sys/stat.h>

#include <optional>
#include <string>

namespace segdl::io {

// The error that nothing shows whether a name leads to the file of this path.
Error unsteady_error(const std::string& path);

// Whether the file system, not the kernel's cache, still gives the file the number in `seen`. True if it does not
// report one.
bool number_is_steady(int file, const struct ::stat& seen);

// Whether both handles are of one file: a mark set by one is seen by the other. Nothing if a time can't be set, or is
// not kept.
// REQUIRES: nothing is written to the file meanwhile.
std::optional<bool> is_same_by_mark(int file, int other);

}  // namespace segdl::io
