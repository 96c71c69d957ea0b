// The name of a request's file where its URL has been read already.
#pragma once

#include <segdl/error.h>
#include <segdl/task.h>

#include "core/url.h"

#include <string>

namespace segdl::engine {

// As segdl::output_name(). REQUIRES: `url` is the request's.
Result<std::string> output_name_of(const Request&, const Url&);

}  // namespace segdl::engine
