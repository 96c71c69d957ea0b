// Files that the user names and that are read whole.
#pragma once

#include <segdl/error.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace segdl::io {

enum class Secrecy : std::uint8_t { any, secret };

// The content of the file, at most one byte more than `most`. A pipe is read to its end if that arrives within ten
// seconds.
// Errors: Cause::usage, also for a secret that others than its owner may write: its content may be theirs.
// If others may read a secret, which is common for files mounted into containers, that is added to `notes`.
Result<std::string> read_small_file(const std::filesystem::path&, std::size_t most, Secrecy,
                                    std::vector<std::string>* notes = nullptr);

}  // namespace segdl::io
