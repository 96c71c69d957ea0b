#include "core/escape.h"

#include "core/utf8.h"

#include <fmt/format.h>

#include <iterator>

namespace segdl {

std::string escape(std::string_view foreign) {
  std::string shown;
  shown.reserve(foreign.size());
  while (!foreign.empty()) {
    const Utf8Character character = next_character(foreign);
    if (!character.valid) {
      fmt::format_to(std::back_inserter(shown), "\\x{:02x}", static_cast<unsigned char>(foreign[0]));
    } else if (!is_unprintable(character.code)) {
      shown += foreign.substr(0, character.size);
    } else if (character.code < 0x100) {
      fmt::format_to(std::back_inserter(shown), "\\x{:02x}", static_cast<unsigned>(character.code));
    } else {
      fmt::format_to(std::back_inserter(shown), "\\u{{{:x}}}", static_cast<unsigned>(character.code));
    }
    foreign.remove_prefix(character.size);
  }
  return shown;
}

}  // namespace segdl
