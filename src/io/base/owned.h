// Objects of C libraries, each freed by the library's own function.
#pragma once

#include <memory>

namespace segdl::io {

template <auto free>
struct FreedBy {
  void operator()(auto* thing) const { free(thing); }
};

template <class Thing, auto free>
using Owned = std::unique_ptr<Thing, FreedBy<free>>;

}  // namespace segdl::io
