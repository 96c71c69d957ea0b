// What is taken for a URL where a user writes one.
#pragma once

#include <string_view>

namespace segdl {

// Whether a URL may be meant: it has a dot, a slash or a colon. A word without is a slip.
inline bool is_like_url(std::string_view text) {
  return text.empty() || text == "localhost" || text.find_first_of("./:") != std::string_view::npos;
}

}  // namespace segdl
