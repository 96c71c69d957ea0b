#include "core/url/host.h"

#include "core/base/ascii.h"
#include "core/url/idn.h"

#include <fmt/format.h>

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

using Bytes = std::vector<std::uint8_t>;

// REQUIRES: it is a dotted quad.
Bytes quad_bytes(std::string_view text) {
  Bytes bytes;
  for (bool more = true; more;) {
    const auto dot = text.find('.');
    bytes.push_back(static_cast<std::uint8_t>(parse_decimal(text.substr(0, dot)).value_or(0)));
    more = dot != std::string_view::npos;
    if (more) text.remove_prefix(dot + 1);
  }
  return bytes;
}

// The colon-separated groups on one side of `::`. REQUIRES: they are valid.
Bytes group_bytes(std::string_view text) {
  Bytes bytes;
  while (!text.empty()) {
    const auto colon = std::min(text.find(':'), text.size());
    const std::string_view group = text.substr(0, colon);
    if (group.find('.') != std::string_view::npos) {
      const Bytes quad = quad_bytes(group);
      bytes.insert(bytes.end(), quad.begin(), quad.end());
    } else {
      unsigned value = 0;
      for (const char digit : group) value = value * 16 + static_cast<unsigned>(hex_value(digit));
      bytes.push_back(static_cast<std::uint8_t>(value >> 8U));
      bytes.push_back(static_cast<std::uint8_t>(value));
    }
    text.remove_prefix(std::min(colon + 1, text.size()));
  }
  return bytes;
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

std::optional<std::string> named_host(std::string_view text) {
  const bool bare_ipv6 = text.find(':') != std::string_view::npos && !text.starts_with('[');
  return bare_ipv6 ? normal_host(fmt::format("[{}]", text)) : normal_host(text);
}

bool is_in_domain(std::string_view host, std::string_view domain) {
  if (host == domain) return true;
  return host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.' &&
         !parse_ip(host);
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  const bool six = text.find(':') != std::string_view::npos;
  const auto valid = six ? normal_host("[" + std::string(text) + "]") : normal_host(text);
  IpAddress address;
  if (!valid || *valid != lower(text)) return std::nullopt;
  if (!six) {
    // A name never ends with a label of digits: see normal_host().
    if (!is_digit(text.back()) ||
        !std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || c == '.'; }))
      return std::nullopt;
    const Bytes bytes = quad_bytes(text);
    address.size = 4;
    std::copy(bytes.begin(), bytes.end(), address.bytes.begin());
    return address;
  }
  const auto gap = std::min(text.find("::"), text.size());
  const Bytes front = group_bytes(text.substr(0, gap));
  const Bytes back = gap < text.size() ? group_bytes(text.substr(gap + 2)) : Bytes();
  address.size = 16;
  std::copy(front.begin(), front.end(), address.bytes.begin());
  std::copy_backward(back.begin(), back.end(), address.bytes.end());
  return address;
}

bool begins_like(const IpAddress& address, const IpAddress& network, std::size_t bits) {
  if (address.size != network.size || bits > address.size * 8) return false;
  for (std::size_t bit = 0; bit < bits; ++bit) {
    const auto differ = static_cast<unsigned>(address.bytes[bit / 8] ^ network.bytes[bit / 8]);
    if ((differ >> (7 - bit % 8) & 1U) != 0) return false;
  }
  return true;
}

}  // namespace segdl
