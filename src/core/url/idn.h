// International names of hosts (IDNA 2008 by UTS 46, RFC 5891), by libidn2.
//
// A host is kept, compared and sent as ASCII (A-labels, xn--...). What people type or a server writes in Unicode
// becomes that on its way in, by the non-transitional rules that browsers and curl go by (straße.de is not strasse.de);
// it may become Unicode again on its way to a person, where it can't be taken for another name.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace segdl {

// In ASCII and lower case; nothing if it is no valid international name in UTF-8. Whether what comes out is a plain
// name is for the caller to see: compatibility characters may have become anything.
std::optional<std::string> ascii_host(std::string_view host);

// A host in ASCII as a person may read it: with those labels in Unicode that are of one script and look like no ASCII
// (UTS 39). Latin with its accents, Cyrillic and Greek with a letter that Latin has none like, Han with kana, and
// Hangul are shown; others, what is written from right to left, and whatever is mixed stay as they are.
std::string shown_host(std::string_view host);

}  // namespace segdl
