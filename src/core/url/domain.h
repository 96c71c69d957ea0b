// Compares hosts of netrc files and cookies with those of URLs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace segdl {

// As in Origin::host; brackets around an IPv6 address may be missing. Nothing if a URL can't have this host.
std::optional<std::string> named_host(std::string_view text);

// REQUIRES, of both functions: hosts as in Origin::host.
bool is_ip_address(std::string_view host);

// Whether the host is the domain or below it (RFC 6265 section 5.1.3); nothing is below an address.
bool is_in_domain(std::string_view host, std::string_view domain);

}  // namespace segdl
