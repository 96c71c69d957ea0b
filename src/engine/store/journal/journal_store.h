// The two ways a journal's bytes are kept; doc/journal.md has which is used when.
#pragma once

#include "engine/store/journal/journal.h"

#include <memory>

namespace segdl::engine {

// A shared mapping: a claim costs two stores.
std::unique_ptr<Journal> open_mapped(std::unique_ptr<File>, JournalIdentity, std::unique_ptr<Mapping> of_all_of_it);

// pwrite of the digest, then of the bitmap's word; the bitmap is kept in memory as well. Also for reading only.
Result<std::unique_ptr<Journal>> open_written(std::unique_ptr<File>, JournalIdentity);

}  // namespace segdl::engine
