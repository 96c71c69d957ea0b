// What must hold whatever happens: a bug here would end in a wrong file, so it is checked in every build.
//
// Thrown to the entry of the thread, where it ends the download with Cause::internal: what is claimed by then is kept,
// and nothing is published. For what costs next to nothing to check; everything else is asserted.
#pragma once

#include <stdexcept>

namespace segdl {

inline void require(bool holds, const char* otherwise) {
  if (!holds) [[unlikely]]
    throw std::logic_error(otherwise);
}

}  // namespace segdl
