// The name of a request's file where its URL has been read already.
#pragma once

#include <segdl/error.h>
#include <segdl/task.h>

#include "core/url/url.h"

#include <string>
#include <string_view>

namespace segdl::engine {

// As segdl::output_name(). REQUIRES: `url` is the request's.
Result<std::string> output_name_of(const Request&, const Url&);

// The name that a server gives a file, made safe. It is none of those that a place has beside its output: what a server
// gives two such names could pass for an earlier run's work on another file.
std::string name_from_server(std::string_view foreign);

}  // namespace segdl::engine
