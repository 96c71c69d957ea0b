#include "cli/options/network.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace segdl::cli {
namespace {

std::string first_of(const Environment& environment, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* value = environment(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return "";
}

}  // namespace

void set_proxies(NetworkOptions& network, const std::optional<std::string>& option, const Environment& environment) {
  network.http_proxy = option ? *option : first_of(environment, {"http_proxy", "all_proxy", "ALL_PROXY"});
  network.https_proxy =
      option ? *option : first_of(environment, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
  network.no_proxy = first_of(environment, {"no_proxy", "NO_PROXY"});
}

void hide_in_proxy(char* text) {
  const std::string_view whole = text;
  const auto at = whole.rfind('@');
  if (at == std::string_view::npos) return;
  const auto scheme = whole.find("://");
  const std::size_t begin = scheme == std::string_view::npos || scheme > at ? 0 : scheme + 3;
  std::fill(text + begin, text + at, '*');
}

}  // namespace segdl::cli
