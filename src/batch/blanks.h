// Blanks in files that users write, and a byte order mark.
#pragma once

#include <string_view>

namespace segdl::batch {

inline constexpr std::string_view kBlanks = " \t";
inline constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // which some put before all

// Without the blanks around it.
inline std::string_view trimmed(std::string_view text, std::string_view blanks = kBlanks) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

}  // namespace segdl::batch
