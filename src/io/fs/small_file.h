// Files that a person names and that are read whole.
#pragma once

#include <segdl/error.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace segdl::io {

enum class Secrecy : std::uint8_t { any, secret };

// What the file holds, but no more than a byte above `most`. A pipe is read to its end if that comes within ten
// seconds. Errors: Cause::usage, also for a secret that others than its owner may write: it may be theirs. That others
// may read one, as those that are mounted into containers often can be, is added to `notes`.
Result<std::string> read_small_file(const std::filesystem::path&, std::size_t most, Secrecy,
                                    std::vector<std::string>* notes = nullptr);

}  // namespace segdl::io
