// errno in the shape of an Error.
#pragma once

#include <segdl/error.h>

#include <cstdint>
#include <optional>
#include <string>

namespace segdl::io {

// The system's words for an errno value. Thread-safe.
std::string system_words(int number);

// A failed call on a file: Cause::local, with a way out for the cases a person can do something about.
Error file_error(int number, std::string operation, std::string path,
                 std::optional<std::uint64_t> offset = std::nullopt);

}  // namespace segdl::io
