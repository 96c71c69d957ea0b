// Escapes untrusted text for display, and normalizes URLs for comparison. Thread-safe.
#pragma once

#include <string>
#include <string_view>

#pragma GCC visibility push(default)
namespace segdl {

// The text with control characters, invalid UTF-8 and characters that reorder text written as \xNN or \u{NNNN}, so that
// it can't move the cursor or change what is displayed around it.
std::string printable(std::string_view untrusted);

// A URL, or text with URLs in it, without userinfo and without the values of query keys that carry secrets. Printable.
std::string redacted_url(std::string_view url);

// A normal form: equal for all spellings of one URL, different for URLs that a server can distinguish.
// RFC 3986 section 6.2.2: the case of scheme and host, the default port, an empty path, dot segments, a missing scheme.
// The fragment is removed. Userinfo and secrets stay: do not display the result.
// Text that is not a URL is returned unchanged.
std::string comparable_url(std::string_view url);

}  // namespace segdl
#pragma GCC visibility pop
