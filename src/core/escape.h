// Foreign text on its way to a terminal, a log or JSON.
#pragma once

#include <string>
#include <string_view>

namespace segdl {

// Printable text: C0 and C1 controls, ESC, DEL, bidirectional controls, line and paragraph separators and invalid UTF-8
// become \xNN or \u{NNNN}; a backslash stays. Other UTF-8 stays as it is. Every byte of foreign text that is shown goes
// through here.
std::string escape(std::string_view foreign);

}  // namespace segdl
