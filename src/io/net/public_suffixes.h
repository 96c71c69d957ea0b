// Domains below which anybody can have a name: the Public Suffix List, as libpsl has it built in.
#pragma once

#include <string>

namespace segdl::io {

// Of a host as in Origin::host. True for top-level domains that are not in the list, too. Thread-safe.
bool is_public_suffix(const std::string& domain);

}  // namespace segdl::io
