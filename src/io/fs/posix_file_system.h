// The real file system: openat(2) and friends.
//
// Names are looked up relative to an open directory descriptor and never followed if they are symbolic links. A write
// that would pass the process's file size limit (RLIMIT_FSIZE) is an error like a full disk only if SIGXFSZ is blocked
// or ignored; the command ignores it, the library leaves signals alone.
#pragma once

#include "seams/file_system.h"

#include <memory>

namespace segdl::io {

std::unique_ptr<FileSystem> make_posix_file_system();

}  // namespace segdl::io
