#include "cli/display/width.h"

#include <segdl/text.h>

#include <wchar.h>

#include <algorithm>

namespace segdl::cli {
namespace {

constexpr std::string_view kDots = "...";

struct Character {
  std::size_t size = 1;  // bytes
  int columns = -1;      // unknown
};

// REQUIRES: !text.empty().
Character first_of(std::string_view text) {
  if (static_cast<unsigned char>(text.front()) < 0x80) return {1, 1};  // no controls in showable text
  std::mbstate_t state{};
  wchar_t wide = 0;
  const std::size_t size = std::mbrtowc(&wide, text.data(), text.size(), &state);
  if (size == 0 || size > text.size()) return {};
  return {size, ::wcwidth(wide)};
}

std::size_t room_of(Character character) { return static_cast<std::size_t>(std::max(0, character.columns)); }

bool goes_on(char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U; }

}  // namespace

std::string showable(std::string_view foreign, bool utf8) {
  const std::string text = printable(foreign);
  std::string shown;
  for (std::string_view rest = text; !rest.empty();) {
    Character character = utf8 || static_cast<unsigned char>(rest.front()) < 0x80 ? first_of(rest) : Character{};
    while (character.columns < 0 && character.size < rest.size() && goes_on(rest[character.size])) ++character.size;
    shown += character.columns < 0 ? "?" : rest.substr(0, character.size);
    rest.remove_prefix(character.size);
  }
  return shown;
}

std::size_t columns(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const Character character = first_of(text);
    columns += room_of(character);
    text.remove_prefix(character.size);
  }
  return columns;
}

std::string shortened(const std::string& text, std::size_t room) {
  std::size_t wide = columns(text);
  if (wide <= room) return text;
  std::string_view end = text;
  while (!end.empty() && wide + kDots.size() > room) {
    const Character character = first_of(end);
    wide -= room_of(character);
    end.remove_prefix(character.size);
  }
  // Drops accents whose character was cut off.
  while (!end.empty() && room_of(first_of(end)) == 0) end.remove_prefix(first_of(end).size);
  return std::string(kDots.substr(0, room)).append(end);
}

std::string cut_off(const std::string& text, std::size_t room) {
  if (columns(text) <= room) return text;
  std::size_t wide = 0, size = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const Character character = first_of(rest);
    if (wide + room_of(character) + kDots.size() > room) break;
    wide += room_of(character);
    size += character.size;
    rest.remove_prefix(character.size);
  }
  return text.substr(0, size).append(kDots.substr(0, room));
}

std::string padded(std::string text, std::size_t room) {
  const std::size_t wide = columns(text);
  if (wide < room) text.append(room - wide, ' ');
  return text;
}

std::string indented(const std::string& text, std::size_t room) {
  const std::size_t wide = columns(text);
  return std::string(room - std::min(room, wide), ' ') + text;
}

}  // namespace segdl::cli
