#include "core/base/escape.h"

#include "core/base/utf8.h"

#include <fmt/format.h>

#include <iterator>

namespace segdl {

namespace {

std::string escaped(std::string_view foreign) {
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

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }

}  // namespace

std::string escape(std::string_view foreign) {
  if (foreign.size() <= kLongestShown) return escaped(foreign);
  std::size_t head = kLongestShown / 2, tail = foreign.size() - kLongestShown / 4;
  while (!begins_character(foreign[head]) && head > kLongestShown / 2 - 3) --head;
  while (!begins_character(foreign[tail]) && tail < foreign.size() - kLongestShown / 4 + 3) ++tail;
  return fmt::format("{}[... {} bytes left out ...]{}", escaped(foreign.substr(0, head)), tail - head,
                     escaped(foreign.substr(tail)));
}

}  // namespace segdl
