// A response that is of use.
#pragma once

#include <segdl/range.h>

#include "core/http/verdict.h"
#include "seams/transport.h"

#include <memory>
#include <optional>

namespace segdl::engine {

// A response whose body may be joined, from body.begin on: where it begins, or was left.
struct Response {
  std::unique_ptr<Exchange> exchange;
  UsableBody body;
  std::optional<Range> asked;  // the range that was asked for
  bool unchanged = false;      // instead of a body: the resource is what fetch_unless() named
};

}  // namespace segdl::engine
