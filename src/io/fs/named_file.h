// Whether a name leads to an open file, where the numbers of files do not tell.
//
// Some file systems over a network or in a process of their own give one file another inode number each time that they
// are asked, or one to its name and one to its handle. Then the file is marked: its time is set to one of some 2^29
// that is drawn at random, by the handle, and looked at by the name; twice, and set back. Its bytes are never touched,
// as it may be another's by now: published, and nobody's to change. A death in between leaves a time that is wrong,
// which proves nothing to --update.
#pragma once

#include <segdl/error.h>

#include <sys/stat.h>

#include <optional>
#include <string>

namespace segdl::io {

// Whether the file is on a file system that a process serves: its numbers and locks are what that makes of them.
bool is_on_fuse(int file);

// That nothing tells whether a name leads to the file of this path.
Error unsteady_error(const std::string& path);

// Whether the file system, asked anew (not the kernel, which remembers for a while), gives the file the number that
// `seen` has. True if it does not say.
bool number_is_steady(int file, const struct ::stat& seen);

// Whether what is marked by the one handle is marked by the other: whether both are of one file. Nothing if no time can
// be set, or none is kept. REQUIRES: nothing is written to it meanwhile.
std::optional<bool> is_same_by_mark(int file, int other);

}  // namespace segdl::io
