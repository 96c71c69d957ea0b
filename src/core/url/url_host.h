// The host part of a URL (RFC 3986 section 3.2.2), strictly: an ambiguous host is refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace segdl {

// Lower case, without brackets and without a trailing dot; nothing if it is not a plain name, a dotted quad or a
// bracketed IPv6 address. A name in Unicode becomes its A-labels (core/url/idn.h), unless it would become an address.
// Decimal, octal, hexadecimal and shortened IPv4 forms and scope ids are refused.
std::optional<std::string> normal_host(std::string_view host);

}  // namespace segdl
