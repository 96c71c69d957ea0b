#include "core/url/domain.h"

#include "core/base/ascii.h"
#include "core/url/url_host.h"

#include <fmt/format.h>

#include <algorithm>

namespace segdl {

std::optional<std::string> named_host(std::string_view text) {
  const bool bare_ipv6 = text.find(':') != std::string_view::npos && !text.starts_with('[');
  return bare_ipv6 ? normal_host(fmt::format("[{}]", text)) : normal_host(text);
}

// The last label of a name is never a number.
bool is_ip_address(std::string_view host) {
  const std::string_view last = host.substr(host.rfind('.') + 1);
  return host.find(':') != std::string_view::npos || std::all_of(last.begin(), last.end(), is_digit);
}

bool is_in_domain(std::string_view host, std::string_view domain) {
  if (host == domain) return true;
  return host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.' &&
         !is_ip_address(host);
}

}  // namespace segdl
