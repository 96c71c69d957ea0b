// What a name leads to, on file systems that make it hard to tell.
#pragma once

#include <segdl/error.h>

#include "seams/file_system.h"

#include <optional>
#include <string>

namespace segdl::engine {

// Whether the name is one of the open file's. Cause::local if the file system gives one file another inode number each
// time that it is asked: then nothing can tell, and what is published must be what was proved.
Result<bool> leads_to(Directory&, const std::string& name, File&);

// The name that the directory has for what is there under `name`, if that is the same in another case. The system may
// take the two for two files (FUSE on what takes no notice of case), even if their inode numbers are the same: a lock
// under one of them does not keep out who has the file under the other. Lists the directory only where case does not
// count. Nothing everywhere else.
Result<std::optional<std::string>> name_in_other_case(Directory&, const std::string& name);

}  // namespace segdl::engine
