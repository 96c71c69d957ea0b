// Standard output that was redirected, as curl's has to be, and that gets nothing.
#pragma once

#include "cli/options/options.h"

#include <string>

namespace CLI {
class App;
}

namespace segdl::cli {

// Where the file goes instead, and how it would go to standard output; empty if there is nothing to be warned of:
// nothing but a file or a pipe can be meant to get the data, nor one that gets the messages as well (cron, >> log
// 2>&1), and no data is expected there if an option names the file, or turns messages off (curl's -s without -S). A
// call without options of curl's causes a warning at a terminal only: programs that keep both outputs apart do so with
// every command. REQUIRES: the app has parsed, and the command is what it read.
std::string warning_of_unfed_output(const CLI::App& app, const FetchCommand& command);

}  // namespace segdl::cli
