// What proves a claim: the bytes that are there hash to the digest beside it.
#pragma once

#include <segdl/error.h>
#include <segdl/range.h>

#include "core/store/journal_format.h"
#include "core/store/layout.h"
#include "engine/store/journal/journal.h"
#include "seams/file_system.h"

#include <cstdint>
#include <optional>
#include <stop_token>

namespace segdl::engine {

// The XXH3-64 of that part. Nothing if it is not there: the file is shorter, or the disk can't give it back.
// Cause::cancelled after a stop request.
Result<std::optional<std::uint64_t>> digest_of_range(File&, Range, const std::stop_token& = {});

// Whether the segment's bytes in `data` hash to its proof. Reads in pieces of 256 KiB; a short read, and one of what
// the disk can't give back, is false: that is not there. Any other error of a read proves nothing, and is the result.
Result<bool> proof_holds(File& data, const Journal&, Segment);

// Whether the file's first bytes are those of the stream that the facts describe.
Result<bool> stream_intact(File& data, const Metadata&, const std::stop_token&);

}  // namespace segdl::engine
