// The real file system: openat(2) and friends.
//
// Names are resolved relative to an open directory descriptor; symbolic links are never followed.
// A write beyond the process's file size limit (RLIMIT_FSIZE) is an error, like a full disk, only if SIGXFSZ is blocked
// or ignored. The command ignores it; the library leaves signals alone.
#pragma once

#include "seams/file_system.h"

#include <memory>

namespace segdl::io {

std::unique_ptr<FileSystem> make_posix_file_system();

}  // namespace segdl::io
