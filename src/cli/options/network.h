// Proxies of the command line and the environment, and how the process list shows them.
#pragma once

#include <segdl/network.h>

#include <functional>
#include <optional>
#include <string>

namespace segdl::cli {

// The value of an environment variable; null if there is none.
using Environment = std::function<const char*(const char* name)>;

// Sets the proxies and the exemptions. `option`, the text of --proxy, applies to both schemes; empty, it means none.
// Without it the environment is used, as in curl: http_proxy (not HTTP_PROXY, which a web server sets for its CGI
// programs from a request's Proxy header), https_proxy or HTTPS_PROXY, and for either all_proxy or ALL_PROXY.
// no_proxy or NO_PROXY exempts from both. An empty variable is ignored.
void set_proxies(NetworkOptions&, const std::optional<std::string>& option, const Environment&);

// Overwrites what may be a name and password in the text of --proxy.
void hide_in_proxy(char* text);

}  // namespace segdl::cli
