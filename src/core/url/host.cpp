#include "core/url/host.h"

#include "core/base/ascii.h"
#include "core/url/idn.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

namespace segdl {
namespace {

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::ranges::all_of(text, [](char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '_'; });
}

// Some parser would read a last label that is a number, in any base, as an IPv4 address.
bool is_number(std::string_view label) {
  return std::ranges::all_of(label, is_digit) || (label.size() > 1 && label[0] == '0' && to_lower(label[1]) == 'x');
}

bool is_name(std::string_view text) {
  if (text.size() > 253) return false;
  for (auto dot = text.find('.'); dot != std::string_view::npos; dot = text.find('.')) {
    if (!is_label(text.substr(0, dot))) return false;
    text.remove_prefix(dot + 1);
  }
  return is_label(text) && !is_number(text);
}

}  // namespace

std::optional<std::string> normal_host(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    const bool six = host.find(':') != std::string_view::npos && parse_ip(host);
    return six ? std::optional(lower(host)) : std::nullopt;
  }
  const bool unicode = std::ranges::any_of(host, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  const auto converted = unicode ? ascii_host(host) : std::string(host);
  if (!converted) return std::nullopt;
  host = *converted;
  if (host.size() > 1 && host.back() == '.') host.remove_suffix(1);
  const bool quad = !unicode && host.find(':') == std::string_view::npos && parse_ip(host);
  return quad || is_name(host) ? std::optional(lower(host)) : std::nullopt;
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
  IpAddress address{.size = six ? 16U : 4U};
  const bool whole = text.find('\0') == std::string_view::npos;  // inet_pton() reads up to a NUL
  const bool valid = whole && ::inet_pton(six ? AF_INET6 : AF_INET, std::string(text).c_str(), &address.bytes) == 1;
  return valid ? std::optional(address) : std::nullopt;
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
