#include "cli/options/config_reader.h"

#include <algorithm>

namespace segdl::cli {
namespace {

// Without the blanks around it.
std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

bool is_key(std::string_view text) {
  return !text.empty() && text.front() != '-' && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

ConfigLine read_line(std::size_t number, std::string_view text) {
  ConfigLine line{number};
  const auto equals = text.find('=');
  line.key = trimmed(text.substr(0, equals));
  line.bare = equals == std::string_view::npos;
  line.value = line.bare ? "true" : std::string(trimmed(text.substr(equals + 1)));
  if (text.find('\0') != std::string_view::npos) {
    line.problem = "contains a NUL byte";
  } else if (line.key.starts_with("--")) {
    line.problem = "option names have no dashes here";
  } else if (!is_key(line.key)) {
    line.problem = "expected name = value";
  } else if (line.value.size() > 1 && line.value.front() == line.value.back() &&
             (line.value.front() == '"' || line.value.front() == '\'')) {
    line.problem = "values are not quoted: remove the quotes";
  }
  return line;
}

}  // namespace

std::vector<ConfigLine> read_config(std::string_view text) {
  std::vector<ConfigLine> lines;
  std::size_t number = 0;
  const bool too_large = text.size() > kLargestConfig;
  text = text.substr(0, kLargestConfig);
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  while (!text.empty()) {
    ++number;
    const auto end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    if (!line.empty() && line.front() != '#') lines.push_back(read_line(number, line));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  if (too_large) lines.push_back({.number = number + 1, .problem = "file too large"});
  return lines;
}

}  // namespace segdl::cli
