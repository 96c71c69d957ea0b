// Who may do what with a file.
#pragma once

#include "seams/file_system.h"

#include <string>
#include <vector>

namespace segdl::engine {

// Gives the file the permissions of `mode` and, unless null, the owner and the group of `like`, as far as that can be
// done, and never more to others than that. Bits that are no permissions (set-user-ID) are left out. A group that can't
// be given gets what others have: another group must not get its rights. Returns notes for the user on what
// could not be done; none of it costs the file.
std::vector<std::string> set_access(File&, unsigned mode, const FileStatus* like);

}  // namespace segdl::engine
