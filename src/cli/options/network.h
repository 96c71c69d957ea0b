// Proxies as the command line and the environment name them, and as the process list may show them.
#pragma once

#include <segdl/network.h>

#include <functional>
#include <optional>
#include <string>

namespace segdl::cli {

// The value of an environment variable; null if there is none.
using Environment = std::function<const char*(const char* name)>;

// Sets the proxies to use, and what is exempt. `option`, the text of --proxy, serves both schemes, and empty it means
// none. Without it the environment counts, as in curl: http_proxy (not HTTP_PROXY, which a web server sets for its CGI
// programs from a request's Proxy header), https_proxy or HTTPS_PROXY, and for either all_proxy or ALL_PROXY. no_proxy
// or NO_PROXY exempts from both. An empty variable is none.
void set_proxies(NetworkOptions&, const std::optional<std::string>& option, const Environment&);

// Overwrites what may be a name and password in the text of --proxy.
void hide_in_proxy(char* text);

}  // namespace segdl::cli
