// Warns of a redirected standard output, as curl needs it, that gets no data.
#pragma once

#include "cli/options/options.h"

#include <string>

namespace CLI {
class App;
}

namespace segdl::cli {

// The warning: where the file goes instead, and how to write it to standard output; empty if none is needed:
// - only a file or a pipe can be meant to get the data, and not one that gets the messages as well (cron, >> log 2>&1);
// - no data is expected there if an option names the file, or turns messages off (curl's -s without -S);
// - a call without options of curl's is warned of at a terminal only: programs that separate both outputs redirect it
//   for every command.
// REQUIRES: the app has parsed, and the command is what it read.
std::string warning_of_unfed_output(const CLI::App& app, const FetchCommand& command);

}  // namespace segdl::cli
