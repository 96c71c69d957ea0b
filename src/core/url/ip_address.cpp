#include "core/url/ip_address.h"

#include "core/base/ascii.h"
#include "core/url/url_host.h"

#include <algorithm>
#include <string>
#include <vector>

namespace segdl {
namespace {

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

std::optional<IpAddress> parse_ip(std::string_view text) {
  const bool six = text.find(':') != std::string_view::npos;
  const auto valid = six ? normal_host("[" + std::string(text) + "]") : normal_host(text);
  IpAddress address;
  if (!valid || *valid != lower(text)) return std::nullopt;
  if (!six) {
    // A name never ends with a label of digits: see url_host.h.
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
