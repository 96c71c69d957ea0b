#include "core/base/escape.h"

#include "core/base/utf8.h"

#include <fmt/format.h>

namespace segdl {
namespace {

std::string escaped(std::string_view foreign) {
  std::string shown;
  shown.reserve(foreign.size());
  while (!foreign.empty()) {
    const Utf8Character character = next_character(foreign);
    const unsigned code = character.valid ? character.code : static_cast<unsigned char>(foreign[0]);
    if (character.valid && !is_unprintable(code)) {
      shown += foreign.substr(0, character.size);
    } else {
      shown += code < 0x100 ? fmt::format("\\x{:02x}", code) : fmt::format("\\u{{{:x}}}", code);
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
