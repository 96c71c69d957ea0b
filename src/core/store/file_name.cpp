#include "core/store/file_name.h"

#include "core/base/ascii.h"
#include "core/base/utf8.h"
#include "core/base/xxh3.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

namespace segdl {
namespace {

constexpr std::size_t kShortExtension = 16;
constexpr std::size_t kLongestSuffix = std::string_view(".segdl.old").size();
constexpr const char* kNoName = "index.html";

// Percent-encoded, so that two names that differ stay two.
std::string percent_escaped(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return text;
}

// What can't be in a name or be shown becomes '_' in an untrusted name. It is percent-encoded in a typed one, and where
// it is not valid UTF-8.
std::string replace_unsafe(std::string_view text, bool untrusted) {
  std::string name;
  while (!text.empty()) {
    const Utf8Character character = next_character(text);
    const std::string_view bytes = text.substr(0, character.size);
    const bool separates = bytes == "/" || (untrusted && bytes == "\\");
    if (character.valid && !is_unprintable(character.code) && !separates) {
      name += bytes;
    } else {
      name += untrusted && character.valid ? "_" : percent_escaped(bytes);
    }
    text.remove_prefix(character.size);
  }
  return name;
}

// Names that mean a device on Windows file systems, with or without an extension.
bool is_device_name(std::string_view name) {
  constexpr std::array<std::string_view, 4> kDevices = {"con", "prn", "aux", "nul"};
  const std::string_view stem = name.substr(0, name.find('.'));
  if (stem.size() == 4 && is_digit(stem[3]))
    return same_text(stem.substr(0, 3), "com") || same_text(stem.substr(0, 3), "lpt");
  return std::ranges::any_of(kDevices, [&](std::string_view device) { return same_text(stem, device); });
}

// The longest prefix of at most `limit` bytes that ends between two characters of a valid UTF-8 text.
std::string_view cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
  return text.substr(0, limit);
}

// The beginning of the name, `mark`, and the extension if that is short.
std::string shorten(const std::string& name, std::size_t longest, const std::string& mark) {
  const std::size_t dot = name.rfind('.');
  const bool keep = dot != std::string::npos && name.size() - dot <= kShortExtension;
  const std::string end = mark + (keep ? name.substr(dot) : "");
  const std::string_view stem = std::string_view(name).substr(0, keep ? dot : name.size());
  return std::string(cut(stem, longest - std::min(longest, end.size()))) + end;
}

// Distinguishes a shortened name from others of the same beginning.
std::string mark_of(std::string_view name) {
  return fmt::format("~{:016x}", digest_of(std::as_bytes(std::span(name))));
}

// Drops the dots and blanks at the end.
void drop_end(std::string& name) { name.erase(name.find_last_not_of(". ") + 1); }

}  // namespace

std::string typed_name(std::string_view text) {
  if (text.empty() || text == "." || text == "..") return kNoName;
  return fitting_name(replace_unsafe(text, false), kMaxMadeName);
}

std::string fitting_name(const std::string& name, std::size_t longest) {
  return name.size() <= longest ? name : shorten(name, longest, mark_of(name));
}

std::string name_beside(std::string_view name, std::string_view suffix, std::size_t longest) {
  const std::size_t room = longest - std::min(longest, std::max(kLongestSuffix, suffix.size()));
  if (name.size() <= room) return std::string(name) + std::string(suffix);
  const std::string mark = mark_of(name);
  return std::string(cut(name, room - std::min(room, mark.size()))) + mark + std::string(suffix);
}

std::string safe_name(std::string_view foreign) {
  std::string name = replace_unsafe(foreign, true);
  drop_end(name);
  name.erase(0, name.find_first_not_of(' '));
  if (name.empty()) return kNoName;
  if (name[0] == '.' || name[0] == '-' || name[0] == '~') name[0] = '_';
  if (is_device_name(name)) name.insert(name.begin(), '_');
  if (name.size() > kMaxMadeName) name = shorten(name, kMaxMadeName, "");
  drop_end(name);
  return name;
}

bool has_small_suffix(std::string_view name) {
  constexpr std::string_view kBeforeDigits = ".segdl-";
  constexpr std::size_t kDigits = 16;
  if (name.size() < kBeforeDigits.size() + kDigits) return false;
  const std::string_view suffix = name.substr(name.size() - kBeforeDigits.size() - kDigits);
  const std::string_view digits = suffix.substr(kBeforeDigits.size());
  return same_text(suffix.substr(0, kBeforeDigits.size()), kBeforeDigits) &&
         std::all_of(digits.begin(), digits.end(), [](char c) { return hex_value(c) >= 0; });
}

}  // namespace segdl
