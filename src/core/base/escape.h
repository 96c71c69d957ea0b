// Foreign text on its way to a terminal, a log or JSON.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace segdl {

// The longest text shown as it is. Of a longer one, such as a Location that fills screens, the beginning and the end.
inline constexpr std::size_t kLongestShown = 2000;

// Printable text: C0 and C1 controls, ESC, DEL, bidirectional controls, line and paragraph separators and invalid UTF-8
// become \xNN or \u{NNNN}; a backslash stays. Other UTF-8 stays as it is. Every byte of foreign text that is shown goes
// through here, so that none of it is longer than kLongestShown and some words.
std::string escape(std::string_view foreign);

}  // namespace segdl
