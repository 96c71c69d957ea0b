// Names that come from elsewhere, made into one safe path component.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace segdl {

// The longest name segdl makes up: NAME_MAX.
inline constexpr std::size_t kMaxMadeName = 255;

// One component, valid UTF-8, at most kMaxMadeName bytes cut at a character boundary (the extension is kept if it is
// short). Separators (/ and \), NUL, control characters and bidirectional overrides become '_'; leading '.', '-' and
// '~' and trailing '.' and ' ' are replaced or dropped; bytes that are no UTF-8 are spelt as a URL spells them (%FF),
// so that two names stay two. "index.html" if nothing is left.
std::string safe_name(std::string_view foreign);

// The same of the last part of a URL that a person typed, who is to get the name that is asked for: leading dots,
// device names and the like stay. Only what can't be in a name or be shown is spelt as a URL does: '/', NUL, controls,
// bidirectional overrides, what is no UTF-8.
std::string typed_name(std::string_view text);

// A name that segdl makes up where one of more than `longest` bytes can't be: the name itself if it fits. Else its
// beginning, a hash of all of it, so that two names stay two, and its extension if that is short.
std::string fitting_name(const std::string& name, std::size_t longest);

// The name of what goes with a file: its name and a suffix, one of those in engine/store/names.h. Where
// ".segdl.old", or a suffix that is longer, would not fit into `longest` bytes, the beginning of the name and a hash of
// all of it stand for the name.
std::string name_beside(std::string_view name, std::string_view suffix, std::size_t longest);

// Whether it ends in ".segdl-" and 16 hexadecimal digits, in any case: a small file has such a name for the moment
// before it replaces another (engine/store/names.h).
bool has_small_suffix(std::string_view name);

}  // namespace segdl
