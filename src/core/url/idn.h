// International names of hosts (IDNA 2008 by UTS 46, RFC 5891), by libidn2.
//
// A host is kept, compared and sent as ASCII (A-labels, xn--...).
// Unicode that users type or servers send is converted on input, by the non-transitional rules of browsers and curl
// (straße.de is not strasse.de).
// It is converted back for display where it can't be mistaken for another name.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace segdl {

// In ASCII and lower case; nothing if it is no valid international name in UTF-8.
// The caller must check that the result is a plain name: compatibility characters may map to anything.
std::optional<std::string> ascii_host(std::string_view host);

// A host in ASCII for display: a label is shown in Unicode if it has one script and does not resemble ASCII (UTS 39).
// Shown are Latin with its accents, Cyrillic and Greek with a letter unlike any Latin one, Han with kana, and Hangul.
// Other scripts, right-to-left text and mixed labels stay as they are.
std::string shown_host(std::string_view host);

}  // namespace segdl
