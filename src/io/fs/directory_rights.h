// Who may do what in a directory, and whose word is what is found in it.
#pragma once

#include <segdl/error.h>

#include <sys/stat.h>

#include <string>

namespace segdl::io {

// Whether another user may have put the file into the open directory, with proofs to go with it, for this user to
// publish: in one such as /tmp anybody can. The kernel's protected_regular, which goes by the same, is for files that
// O_CREAT opens. The owner's of the directory may be there.
bool may_be_planted(int directory, const struct ::stat& file);

// The same of the symbolic link of that name, or of the open file that it has led to.
bool target_may_be_planted(int directory, const std::string& name, int file);

// Directory::may_be_named(). `path`: for messages.
Result<void> may_be_named(int directory, const std::string& name, const std::string& path, bool replaces);

}  // namespace segdl::io
