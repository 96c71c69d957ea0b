// Hosts of URLs, proxies, netrc files and cookies: names and addresses (RFC 3986 section 3.2.2), strictly. An ambiguous
// host is refused.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace segdl {

// Lower case, without brackets and without a trailing dot; nothing if it is not a plain name, a dotted quad or a
// bracketed IPv6 address. A name in Unicode becomes its A-labels (core/url/idn.h), unless it would become an address.
// Decimal, octal, hexadecimal and shortened IPv4 forms and scope ids are refused.
std::optional<std::string> normal_host(std::string_view host);

// The same, where brackets around an IPv6 address may be missing.
std::optional<std::string> named_host(std::string_view text);

// Whether the host is the domain or below it (RFC 6265 section 5.1.3); nothing is below an address.
// REQUIRES: both are as in Origin::host.
bool is_in_domain(std::string_view host, std::string_view domain);

// An address as a number that can be compared.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};
  std::size_t size = 0;  // 4 or 16
};

// A dotted quad, or an IPv6 address without brackets: what inet_pton() reads, which are the forms of RFC 3986
// section 3.2.2. Nothing for anything else.
std::optional<IpAddress> parse_ip(std::string_view);

// Whether the first `bits` bits of both are the same. False if one is IPv4 and the other IPv6.
bool begins_like(const IpAddress&, const IpAddress& network, std::size_t bits);

}  // namespace segdl
