#include "core/http/content_disposition.h"

#include "core/base/ascii.h"
#include "core/base/utf8.h"
#include "core/url/url.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace segdl {
namespace {

struct Parameter {
  std::string name;  // lower case
  std::string value;
  bool quoted = false;
};

bool take_quoted(std::string_view& rest, std::string& value) {
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest = trim(rest.substr(i + 1));
      return rest.empty() || rest.front() == ';';
    }
    if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
    value += rest[i];
  }
  return false;  // it does not end
}

// Servers omit the quotes around blanks and other characters that a token can't have.
bool take_plain(std::string_view& rest, std::string& value) {
  const auto end = std::min(rest.find(';'), rest.size());
  value = trim(rest.substr(0, end));
  rest.remove_prefix(end);
  return !value.empty() && value.find('"') == std::string::npos;
}

// Takes one `; name=value`. Nothing at the end, or where the text is no parameter: the rest is then ambiguous.
std::optional<Parameter> take_parameter(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of("; \t"), rest.size()));
  const auto equals = rest.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  Parameter parameter{lower(trim(rest.substr(0, equals))), "", false};
  rest = trim(rest.substr(equals + 1));
  if (!is_token(parameter.name)) return std::nullopt;
  parameter.quoted = rest.starts_with('"');
  const bool sound = parameter.quoted ? take_quoted(rest, parameter.value) : take_plain(rest, parameter.value);
  return sound ? std::optional(std::move(parameter)) : std::nullopt;
}

bool has_stray_percent(std::string_view text) {
  for (auto at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    if (!begins_escape(text.substr(at))) return true;
  }
  return false;
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
  if (has_stray_percent(value.substr(second + 1))) return std::nullopt;
  std::string bytes = percent_decoded(value.substr(second + 1));
  if (same_text(charset, "ISO-8859-1")) return utf8_of_latin1(bytes);
  if (!same_text(charset, "UTF-8") || !is_utf8(bytes)) return std::nullopt;
  return bytes;
}

std::optional<std::string> last_of_path(std::string name) {
  name.erase(0, name.find_last_of("/\\") + 1);  // npos + 1 is 0
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
  std::string_view rest = value.substr(type_end);
  Once plain, extended_name;
  while (auto parameter = take_parameter(rest)) {
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
