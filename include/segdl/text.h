// Foreign text, made fit to be shown. Thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace segdl {

// With control characters, invalid UTF-8 and characters that reorder text written as \xNN or \u{NNNN}: names and URLs
// from elsewhere can't move the cursor.
std::string printable(std::string_view foreign);

// A URL, or text with URLs in it, without userinfo and without the values of query keys that carry secrets; printable.
std::string redacted_url(std::string_view url);

}  // namespace segdl
