// Directories: those of a path are made, and files in one are trusted or replaced by its permissions.
#pragma once

#include <segdl/error.h>

#include <sys/stat.h>

#include <filesystem>
#include <string>

namespace segdl::io {

// Whether another user may have put the file into the open directory, with proofs of its own, for this user to publish:
// in a directory such as /tmp any user can.
// Files of the directory's owner are trusted. The kernel's protected_regular has the same rule, but only for files that
// O_CREAT opens.
bool may_be_planted(int directory, const struct ::stat& file);

// The same for the symbolic link of that name, or the open file that it leads to.
bool target_may_be_planted(int directory, const std::string& name, int file);

// Directory::may_be_named(). `path`: for messages.
Result<void> may_be_named(int directory, const std::string& name, const std::string& path, bool replaces);

// As FileSystem::make_directories().
Result<void> make_posix_directories(const std::filesystem::path&);

}  // namespace segdl::io
