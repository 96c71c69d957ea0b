// Files that a person names and that are read whole.
#pragma once

#include <segdl/error.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace segdl::io {

enum class Secrecy : std::uint8_t { any, owner_only };

// What the file holds, but no more than a byte above `most`. A pipe is read to its end if that comes within ten
// seconds. Errors: Cause::usage, also for a file that is to be its owner's only and that others may use.
Result<std::string> read_small_file(const std::filesystem::path&, std::size_t most, Secrecy);

}  // namespace segdl::io
