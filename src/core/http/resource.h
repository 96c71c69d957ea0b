// The resource that a URL names, as far as it is known.
#pragma once

#include "core/http/http_fields.h"

#include <cstdint>
#include <optional>
#include <string>

namespace segdl {

// From a response, or from the journal of an earlier run.
struct Resource {
  std::optional<std::uint64_t> total = std::nullopt;  // bytes
  Validator validator = {};                           // all that the server sent: each is compared
  std::string coding = {};                            // from content_coding(); empty: none
  // Accepts any validator: the caller that joins the bytes compares all of them, or verifies a digest in the end.
  bool any_version = false;
  friend bool operator==(const Resource&, const Resource&) = default;
};

}  // namespace segdl
