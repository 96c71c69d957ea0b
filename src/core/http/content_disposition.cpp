#include "core/http/content_disposition.h"

#include "core/base/ascii.h"
#include "core/base/utf8.h"

#include <cstddef>
#include <utility>

namespace segdl {
namespace {

// Reads `; name=value` parameters one by one.
class Parameters {
 public:
  explicit Parameters(std::string_view rest) : rest_(rest) {}

  struct Parameter {
    std::string name;  // lower case
    std::string value;
    bool quoted = false;
  };

  // Nothing at the end, or where the text is no parameter: the rest is then ambiguous.
  std::optional<Parameter> next() {
    skip_to_parameter();
    const auto equals = rest_.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    Parameter parameter{lower(trim(rest_.substr(0, equals))), "", false};
    rest_ = trim(rest_.substr(equals + 1));
    if (!is_token(parameter.name)) return std::nullopt;
    parameter.quoted = rest_.starts_with('"');
    const bool sound = parameter.quoted ? take_quoted(parameter.value) : take_plain(parameter.value);
    return sound ? std::optional(std::move(parameter)) : std::nullopt;
  }

 private:
  void skip_to_parameter() {
    while (!rest_.empty() && (rest_.front() == ';' || rest_.front() == ' ' || rest_.front() == '\t')) {
      rest_.remove_prefix(1);
    }
  }

  bool take_quoted(std::string& value) {
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_ = trim(rest_.substr(i + 1));
        return rest_.empty() || rest_.front() == ';';
      }
      if (rest_[i] == '\\' && i + 1 < rest_.size()) ++i;
      value += rest_[i];
    }
    return false;  // it does not end
  }

  // Servers omit the quotes around blanks and other characters that a token can't have.
  bool take_plain(std::string& value) {
    const auto end = rest_.find(';');
    value = trim(rest_.substr(0, end));
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end);
    return !value.empty() && value.find('"') == std::string::npos;
  }

  std::string_view rest_;
};

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) return std::nullopt;
    out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
    i += 2;
  }
  return out;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Character character = next_character(text);
    if (!character.valid) return false;
    text.remove_prefix(character.size);
  }
  return true;
}

std::string utf8_of_latin1(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xc0 | byte >> 6);
      out += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return out;
}

// charset'language'percent-encoded (RFC 8187 section 3.2.1).
std::optional<std::string> extended(std::string_view value) {
  const auto first = value.find('\'');
  const auto second = first == std::string_view::npos ? first : value.find('\'', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::string_view charset = value.substr(0, first);
  auto bytes = percent_decoded(value.substr(second + 1));
  if (!bytes) return std::nullopt;
  if (same_text(charset, "ISO-8859-1")) return utf8_of_latin1(*bytes);
  if (!same_text(charset, "UTF-8") || !is_utf8(*bytes)) return std::nullopt;
  return bytes;
}

std::optional<std::string> last_of_path(std::string name) {
  const auto separator = name.find_last_of("/\\");
  if (separator != std::string::npos) name.erase(0, separator + 1);
  const bool says_nothing = name.find_first_not_of(". \t\r\n\v\f") == std::string::npos;
  return says_nothing ? std::nullopt : std::optional(std::move(name));
}

// A parameter that may have one value; empty if it is given twice.
struct Once {
  std::optional<std::string> value;
  bool seen = false;
  void give(std::optional<std::string> given) { value = std::exchange(seen, true) ? std::nullopt : std::move(given); }
};

}  // namespace

std::optional<std::string> disposition_name(std::string_view value) {
  const auto type_end = value.find(';');
  if (type_end == std::string_view::npos || !is_token(trim(value.substr(0, type_end)))) return std::nullopt;
  Parameters parameters(value.substr(type_end));
  Once plain, extended_name;
  while (auto parameter = parameters.next()) {
    if (parameter->name == "filename") plain.give(std::move(parameter->value));
    if (parameter->name == "filename*" && !parameter->quoted) extended_name.give(extended(parameter->value));
  }
  for (Once* name : {&extended_name, &plain}) {
    if (!name->value) continue;
    if (auto last = last_of_path(std::move(*name->value))) return last;
  }
  return std::nullopt;
}

}  // namespace segdl
