// Hosts as netrc files and cookies name them, compared with those of URLs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace segdl {

// As in Origin::host; brackets around an IPv6 address may be missing. Nothing if it is no host that a URL can have.
std::optional<std::string> named_host(std::string_view text);

// REQUIRES, of both: hosts as in Origin::host.
bool is_ip_address(std::string_view host);

// The domain itself or below it (RFC 6265 section 5.1.3); nothing is below an address.
bool is_in_domain(std::string_view host, std::string_view domain);

}  // namespace segdl
