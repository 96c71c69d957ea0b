#include "core/url/url_host.h"

#include "core/base/ascii.h"
#include "core/url/idn.h"

#include <algorithm>
#include <vector>

namespace segdl {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

bool is_dotted_quad(std::string_view text) {
  const auto parts = split(text, '.');
  return parts.size() == 4 && std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
           const auto value = parse_decimal(part);
           return value && *value <= 255 && (part.size() == 1 || part[0] != '0');
         });
}

bool is_hex_group(std::string_view group) {
  return !group.empty() && group.size() <= 4 &&
         std::all_of(group.begin(), group.end(), [](char c) { return hex_value(c) >= 0; });
}

// The number of 16-bit groups in a colon-separated list; nothing if one is malformed. A dotted quad, allowed at the end
// only, counts as two.
std::optional<std::size_t> count_groups(std::string_view list) {
  if (list.empty()) return 0;
  const auto groups = split(list, ':');
  std::size_t count = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (is_hex_group(groups[i])) {
      ++count;
    } else if (i + 1 == groups.size() && is_dotted_quad(groups[i])) {
      count += 2;
    } else {
      return std::nullopt;
    }
  }
  return count;
}

bool is_ipv6(std::string_view text) {
  const auto gap = text.find("::");
  if (gap == std::string_view::npos) return count_groups(text) == 8;
  const auto before = count_groups(text.substr(0, gap));
  const auto after = count_groups(text.substr(gap + 2));
  return before && after && *before + *after <= 7 && text.substr(0, gap).find('.') == std::string_view::npos;
}

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  const auto labels = split(text, '.');
  const bool plain = std::all_of(labels.begin(), labels.end(), [](std::string_view label) {
    return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
           std::all_of(label.begin(), label.end(),
                       [](char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '_'; });
  });
  // Some parser would read a last label that is a number, in any base, as an IPv4 address.
  const std::string_view last = labels.back();
  const bool number = std::all_of(last.begin(), last.end(), is_digit) ||
                      (last.size() > 1 && last[0] == '0' && to_lower(last[1]) == 'x');
  return plain && !number;
}

}  // namespace

std::optional<std::string> normal_host(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    return is_ipv6(host) ? std::optional(lower(host)) : std::nullopt;
  }
  const bool unicode =
      std::any_of(host.begin(), host.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  const auto converted = unicode ? ascii_host(host) : std::optional<std::string>();
  if (unicode && !converted) return std::nullopt;
  if (converted) host = *converted;
  if (host.size() > 1 && host.back() == '.') host.remove_suffix(1);
  return (!unicode && is_dotted_quad(host)) || is_name(host) ? std::optional(lower(host)) : std::nullopt;
}

}  // namespace segdl
