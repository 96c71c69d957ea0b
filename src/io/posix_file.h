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

// Where a file without a name is.
struct UnnamedIn {
  int directory = -1;                  // open
  bool directory_syncs_links = false;  // its sync is known to cover the link counts of what was named in it
};

// REQUIRES: a file of O_TMPFILE in that directory, which outlives give_name().
std::unique_ptr<File> make_unnamed_file(Descriptor, std::string path, const UnnamedIn&);

// "It exists already", with the way out.
Error exists_error(const std::string& path, std::string reason);

}  // namespace segdl::io
