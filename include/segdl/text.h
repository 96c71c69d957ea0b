// Foreign text, made fit to be shown, and URLs made fit to be compared. Thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace segdl {

// With control characters, invalid UTF-8 and characters that reorder text written as \xNN or \u{NNNN}: names and URLs
// from elsewhere can't move the cursor.
std::string printable(std::string_view foreign);

// A URL, or text with URLs in it, without userinfo and without the values of query keys that carry secrets; printable.
std::string redacted_url(std::string_view url);

// The same for all spellings of one URL (RFC 3986 section 6.2.2: the case of scheme and host, a port that is the
// scheme's own, no path, dot segments, a missing scheme), and for no two URLs that a server could tell apart: without
// the fragment, with the name, the password and the secrets that it has, and so not to be shown. What is no URL comes
// back as it is.
std::string comparable_url(std::string_view url);

}  // namespace segdl
