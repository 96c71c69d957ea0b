// An open regular file of the real file system.
#pragma once

#include "io/base/descriptor.h"
#include "io/fs/lacking.h"
#include "seams/file_system.h"

#include <sys/stat.h>

#include <memory>
#include <string>

namespace segdl::io {

FileStatus status_from(const struct ::stat&);

// The directory of a file.
struct PosixFolder {
  int directory = -1;                  // open; it outlives try_lock() and give_name()
  bool directory_syncs_links = false;  // its sync is known to make link counts of new names durable
  std::shared_ptr<Lacking> lacking;    // shared: with all files and directories of a file system
  bool may_be_planted = false;         // FileStatus::may_be_planted
};

// REQUIRES: a regular file; `path` is for messages.
std::unique_ptr<File> make_posix_file(Descriptor, std::string path, PosixFolder);
std::unique_ptr<NamelessFile> make_nameless_file(Descriptor, std::string path, PosixFolder);

// "It exists already", with hints.
Error exists_error(const std::string& path, std::string reason);

}  // namespace segdl::io
