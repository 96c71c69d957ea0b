// Names that come from elsewhere, made into one safe path component.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace segdl {

// The longest name segdl makes up: leaves room for the suffixes within the 255 bytes of NAME_MAX.
inline constexpr std::size_t kMaxMadeName = 240;

// One component, valid UTF-8, at most kMaxMadeName bytes cut at a character boundary (the extension is kept if it is
// short). Separators (/ and \), NUL, control characters and bidirectional overrides become '_'; leading '.', '-' and
// '~' and trailing '.' and ' ' are replaced or dropped; invalid UTF-8 becomes '_'. "index.html" if nothing is left.
std::string safe_name(std::string_view foreign);

}  // namespace segdl
