// Reads what an interrupted download has on disk, for segdl::status().
#pragma once

#include <segdl/status.h>

#include "seams/file_system.h"

#include <filesystem>

namespace segdl::engine {

Result<DownloadStatus> read_status(FileSystem&, const std::filesystem::path& given);

}  // namespace segdl::engine
