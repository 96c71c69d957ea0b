#include "core/url/idn.h"

#include "core/base/utf8.h"

#include <idn2.h>

#include <algorithm>
#include <array>
#include <memory>

namespace segdl {
namespace {

// Without STD3 rules: the result is checked as names in ASCII are, which may have underscores.
constexpr int kRules = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;

using Name = std::unique_ptr<char, decltype(&::idn2_free)>;

enum class Script : std::uint8_t { common, latin, cyrillic, greek, japanese, hangul, other };

struct Letters {
  char32_t first, last;
  Script script;
};
// Letters of a label after UTS 46 mapping, so lower case. Not all of each script: rare or odd letters are
// Script::other.
constexpr std::array<Letters, 12> kLetters{{{'-', '-', Script::common},
                                            {'0', '9', Script::common},
                                            {'a', 'z', Script::latin},
                                            {0xdf, 0xf6, Script::latin},
                                            {0xf8, 0x17e, Script::latin},
                                            {0x3ac, 0x3ce, Script::greek},
                                            {0x430, 0x45f, Script::cyrillic},
                                            {0x490, 0x491, Script::cyrillic},
                                            {0x3041, 0x3096, Script::japanese},  // hiragana
                                            {0x30a1, 0x30fc, Script::japanese},  // katakana
                                            {0x4e00, 0x9fff, Script::japanese},  // Han, of Chinese too
                                            {0xac00, 0xd7a3, Script::hangul}}};

Script script_of(char32_t code) {
  // A dotless i, a kra and a thorn look like i, k and p.
  if (code == 0x131 || code == 0x138 || code == 0xfe) return Script::other;
  const auto* found = std::ranges::find_if(
      kLetters, [&](const Letters& letters) { return code >= letters.first && code <= letters.last; });
  return found == kLetters.end() ? Script::other : found->script;
}

// Whether a letter resembles none in ASCII, so that a word with it is recognisable as Cyrillic or Greek.
bool is_telling(char32_t code) {
  constexpr std::u32string_view kTelling = U"бвджзийклмтфцчшщыэюяђєїљњћќўґδεζθλμξπσςφψ";
  return kTelling.find(code) != kTelling.npos;
}

bool is_safe(std::string_view label) {
  Script script = Script::common;
  bool telling = false;
  while (!label.empty()) {
    const Utf8Character character = next_character(label);
    const Script here = character.valid ? script_of(character.code) : Script::other;
    if (here == Script::other || (here != Script::common && script != Script::common && here != script)) return false;
    if (here != Script::common) script = here;
    telling = telling || is_telling(character.code);
    label.remove_prefix(character.size);
  }
  return telling || (script != Script::cyrillic && script != Script::greek);
}

// One label, in Unicode if that is safe to show, else unchanged.
std::string shown_label(const std::string& label) {
  if (!label.starts_with("xn--")) return label;
  char* decoded = nullptr;
  if (::idn2_to_unicode_8z8z(label.c_str(), &decoded, kRules) != IDN2_OK) return label;
  const Name text(decoded, ::idn2_free);
  return is_safe(text.get()) && ascii_host(text.get()) == label ? std::string(text.get()) : label;
}

}  // namespace

std::optional<std::string> ascii_host(std::string_view host) {
  if (host.find('\0') != std::string_view::npos) return std::nullopt;
  char* encoded = nullptr;
  if (::idn2_to_ascii_8z(std::string(host).c_str(), &encoded, kRules) != IDN2_OK) return std::nullopt;
  return std::string(Name(encoded, ::idn2_free).get());
}

std::string shown_host(std::string_view host) {
  if (host.find("xn--") == std::string_view::npos) return std::string(host);
  std::string shown;
  for (;;) {
    const auto dot = host.find('.');
    shown += shown_label(std::string(host.substr(0, dot)));
    if (dot == std::string_view::npos) return shown;
    shown += '.';
    host.remove_prefix(dot + 1);
  }
}

}  // namespace segdl
