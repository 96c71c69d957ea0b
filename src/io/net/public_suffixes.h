// Domains below which anyone can register a name: libpsl's built-in Public Suffix List.
#pragma once

#include <string>

namespace segdl::io {

// Whether a host as in Origin::host is such a domain. True for top-level domains that are not in the list, too.
// Thread-safe.
bool is_public_suffix(const std::string& domain);

}  // namespace segdl::io
