// Reads what an interrupted download has on disk, for segdl::status().
#pragma once

#include <segdl/status.h>

#include "seams/file_system.h"

#include <filesystem>

namespace segdl::engine {

Result<DownloadStatus> read_status(FileSystem&, const std::filesystem::path& given);

// segdl::journal_path(). Where the directory can't be opened, as if it took the usual names.
std::filesystem::path journal_path(FileSystem&, const std::filesystem::path& output);

}  // namespace segdl::engine
