// Reads the files that a user names.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace segdl::cli {

// The content of a file, at most `most` bytes; null with errno if it can't be read. A pipe is read until its writer
// closes it.
std::optional<std::string> text_of_file(const std::string& path, std::size_t most);

}  // namespace segdl::cli
