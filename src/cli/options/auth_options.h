// Options for authentication: netrc files, cookies, client certificates, referrers.
#pragma once

#include "cli/options/options.h"

namespace CLI {
class App;
}

namespace segdl::cli {

// REQUIRES: the command outlives the app.
void add_auth_options(CLI::App&, FetchCommand&);

}  // namespace segdl::cli
