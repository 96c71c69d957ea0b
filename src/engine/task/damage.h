// Damage that another program or the disk does to the data of a download while it is written, and its repair.
#pragma once

#include <segdl/error.h>

#include "engine/store/output_file.h"

#include <cstdint>
#include <string>

namespace segdl::engine {

// The name of the data in messages about it.
std::string part_of(const OutputFile&);

// Gives the file its length and its space again; whether it had lost its length.
Result<bool> mend_length(File& data, std::uint64_t length);

// It was damaged each of kMaxRepairs times.
Error does_not_stay(const OutputFile&, std::uint64_t offset);

}  // namespace segdl::engine
