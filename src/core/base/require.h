// Checks that stay on in every build: a bug here would end in a wrong file.
//
// A failed check throws to the entry of the thread, where it ends the download with Cause::internal: what is claimed by
// then is kept, and nothing is published. For checks that cost next to nothing; everything else is asserted.
#pragma once

#include <stdexcept>

namespace segdl {

inline void require(bool holds, const char* otherwise) {
  if (!holds) [[unlikely]]
    throw std::logic_error(otherwise);
}

}  // namespace segdl
