// What somebody else has done to the data of a download while it was written, and what is done about it.
#pragma once

#include <segdl/error.h>

#include "engine/store/output_file.h"

#include <cstdint>
#include <string>

namespace segdl::engine {

// How the data is called in what is said of it.
std::string part_of(const OutputFile&);

// Gives the file its length and its space again; whether it had lost its length.
Result<bool> mend_length(File& data, std::uint64_t length);

// It was damaged each of kMaxRepairs times.
Error does_not_stay(const OutputFile&, std::uint64_t offset);

}  // namespace segdl::engine
