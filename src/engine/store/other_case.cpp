#include "engine/store/other_case.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string_view>

namespace segdl::engine {
namespace {

constexpr char kCase = 'a' ^ 'A';

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string in_other_case(std::string name) {
  for (char& c : name) {
    if (is_letter(c)) c = static_cast<char>(c ^ kCase);
  }
  return name;
}

// For a comparison that takes no notice of case. What is not ASCII is left out: its letters have cases as well.
std::string without_case(std::string_view name) {
  std::string result;
  for (const char c : name) {
    if (is_letter(c)) {
      result += static_cast<char>(c | kCase);
    } else if (static_cast<unsigned char>(c) < 0x80) {
      result += c;
    }
  }
  return result;
}

}  // namespace

Result<std::optional<std::string>> name_in_other_case(Directory& directory, const std::string& name) {
  const auto there = directory.status(in_other_case(name));
  if (!there) return there.error();
  if (!there->has_value()) return std::optional<std::string>();  // case counts here
  const auto listed = directory.names(std::numeric_limits<std::size_t>::max());
  if (!listed) return listed.error();
  if (!listed->has_value()) return std::optional<std::string>();
  const auto& names = listed->value();
  if (std::find(names.begin(), names.end(), name) != names.end()) return std::optional<std::string>();
  const std::string wanted = without_case(name);
  const auto found = std::find_if(names.begin(), names.end(), [&](const auto& n) { return without_case(n) == wanted; });
  return found == names.end() ? std::optional<std::string>() : std::optional(*found);
}

}  // namespace segdl::engine
