// IP addresses as numbers that can be compared: pure, without the system's parsers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace segdl {

struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};
  std::size_t size = 0;  // 4 or 16
};

// A dotted quad, or an IPv6 address without brackets (RFC 3986 section 3.2.2); nothing for anything else.
std::optional<IpAddress> parse_ip(std::string_view);

// Whether the first `bits` bits of both are the same. False if one is IPv4 and the other IPv6.
bool begins_like(const IpAddress&, const IpAddress& network, std::size_t bits);

}  // namespace segdl
