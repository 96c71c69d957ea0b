// Creates the missing directories of a path.
#pragma once

#include <segdl/error.h>

#include <filesystem>

namespace segdl::io {

// As FileSystem::make_directories().
Result<void> make_posix_directories(const std::filesystem::path&);

}  // namespace segdl::io
