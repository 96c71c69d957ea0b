// The JSON form of what a download has on disk. Pure. doc/json.md has the fields.
#pragma once

#include <segdl/status.h>

#include <string>
#include <string_view>

namespace segdl::wire {

// "complete", "interrupted", "damaged".
std::string_view state_word(DownloadStatus::State);

// One object on several lines, the last of which ends. ASCII, as the lines of wire/objects.h are.
std::string status_text(const DownloadStatus&);

}  // namespace segdl::wire
