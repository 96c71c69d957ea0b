// What a name leads to where case does not count.
#pragma once

#include <segdl/error.h>

#include "seams/file_system.h"

#include <optional>
#include <string>

namespace segdl::engine {

// The name that the directory has for what is there under `name`, if that is the same in another case. The system may
// take the two for two files (FUSE on what takes no notice of case), even if their inode numbers are the same: a lock
// under one of them does not exclude a process that has the file under the other. Lists the directory only where case
// does not count. Nothing everywhere else.
Result<std::optional<std::string>> name_in_other_case(Directory&, const std::string& name);

}  // namespace segdl::engine
