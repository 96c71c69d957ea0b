// Untrusted text on its way to a terminal, a log or JSON.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace segdl {

// Longer text, such as a Location that fills screens, is shown by its beginning and its end.
inline constexpr std::size_t kLongestShown = 2000;

// Escapes C0 and C1 controls, ESC, DEL, bidirectional controls, line and paragraph separators and invalid UTF-8 as \xNN
// or \u{NNNN}. A backslash and other UTF-8 stay as they are.
// Every untrusted text that is shown goes through here, so none of it is much longer than kLongestShown.
std::string escape(std::string_view foreign);

}  // namespace segdl
