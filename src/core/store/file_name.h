// Untrusted names, made into one safe path component.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace segdl {

// The longest name segdl makes up: NAME_MAX.
inline constexpr std::size_t kMaxMadeName = 255;

// One component of valid UTF-8, at most kMaxMadeName bytes, cut at a character boundary (a short extension is kept).
// Separators (/ and \), NUL, control characters and bidirectional overrides become '_'. Leading '.', '-' and '~' and
// trailing '.' and ' ' are replaced or dropped.
// Invalid UTF-8 is percent-encoded (%FF), so that two names stay two. "index.html" if nothing is left.
std::string safe_name(std::string_view foreign);

// The same for the last part of a URL that a user typed, who is to get that very name: leading dots, device names and
// the like stay.
// Percent-encoded is only what can't be in a name or be shown: '/', NUL, controls, bidirectional overrides, invalid
// UTF-8.
std::string typed_name(std::string_view text);

// The name itself if it fits into `longest` bytes. Else its beginning, a hash of all of it, so that two names stay two,
// and its extension if that is short.
std::string fitting_name(const std::string& name, std::size_t longest);

// The name of a file that accompanies another: that one's name and a suffix, one of those in
// engine/store/names.h.
// If ".segdl.old", or a longer suffix, would not fit into `longest` bytes, the name is replaced by its beginning and a
// hash of all of it.
std::string name_beside(std::string_view name, std::string_view suffix, std::size_t longest);

// Whether it ends in ".segdl-" and 16 hexadecimal digits, in any case. A small file has such a name until it replaces
// another (engine/store/names.h).
bool has_small_suffix(std::string_view name);

}  // namespace segdl
