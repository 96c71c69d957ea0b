// Basic credentials as they are sent (RFC 7617).
#pragma once

#include <string>

namespace segdl::io {

// The value of an Authorization or Proxy-Authorization field.
std::string basic_credentials(const std::string& user, const std::string& password);

}  // namespace segdl::io
