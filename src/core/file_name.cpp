#include "core/file_name.h"

#include "core/ascii.h"
#include "core/utf8.h"

#include <algorithm>
#include <array>

namespace segdl {
namespace {

constexpr std::size_t kShortExtension = 16;

std::string replace_unsafe(std::string_view foreign) {
  std::string name;
  while (!foreign.empty()) {
    const Utf8Character character = next_character(foreign);
    const char first = foreign[0];
    const bool safe = character.valid && !is_unprintable(character.code) && first != '/' && first != '\\';
    if (safe) {
      name += foreign.substr(0, character.size);
    } else {
      name += '_';
    }
    foreign.remove_prefix(character.size);
  }
  return name;
}

// Names that mean a device on Windows file systems, with or without an extension.
bool is_device_name(std::string_view name) {
  constexpr std::array<std::string_view, 4> kDevices = {"con", "prn", "aux", "nul"};
  const std::string_view stem = name.substr(0, name.find('.'));
  for (const std::string_view device : kDevices) {
    if (same_text(stem, device)) return true;
  }
  return stem.size() == 4 && (same_text(stem.substr(0, 3), "com") || same_text(stem.substr(0, 3), "lpt")) &&
         is_digit(stem[3]);
}

// The longest prefix of at most `limit` bytes that ends between two characters of a valid UTF-8 text.
std::string_view cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
  return text.substr(0, limit);
}

std::string shorten(const std::string& name) {
  if (name.size() <= kMaxMadeName) return name;
  const std::size_t dot = name.rfind('.');
  const bool keep = dot != std::string::npos && name.size() - dot <= kShortExtension;
  const std::string extension = keep ? name.substr(dot) : "";
  return std::string(
             cut(std::string_view(name).substr(0, name.size() - extension.size()), kMaxMadeName - extension.size())) +
         extension;
}

}  // namespace

std::string safe_name(std::string_view foreign) {
  std::string name = replace_unsafe(foreign);
  const auto last = name.find_last_not_of(". ");
  name.erase(last == std::string::npos ? 0 : last + 1);
  const auto first = name.find_first_not_of(' ');
  name.erase(0, std::min(first, name.size()));
  if (name.empty()) return "index.html";
  if (name[0] == '.' || name[0] == '-' || name[0] == '~') name[0] = '_';
  if (is_device_name(name)) name.insert(name.begin(), '_');
  name = shorten(name);
  while (name.back() == '.' || name.back() == ' ') name.pop_back();
  return name;
}

}  // namespace segdl
