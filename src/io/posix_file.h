// An open regular file of the real file system.
#pragma once

#include "io/descriptor.h"
#include "seams/file_system.h"

#include <sys/stat.h>

#include <memory>
#include <string>

namespace segdl::io {

FileStatus status_from(const struct ::stat&);

// REQUIRES: a regular file; `path` is for messages.
std::unique_ptr<File> make_posix_file(Descriptor, std::string path);

}  // namespace segdl::io
