// Scripts that complete segdl's command line in a shell: options, their literal values, files and directories, commands
// in the first place, and for `segdl status` the downloads with a journal in this directory.
#pragma once

#include "cli/commands/pages.h"

#include <string>

namespace segdl::cli {

std::string bash_completion(const CommandTable& table);
std::string zsh_completion(const CommandTable& table);
std::string fish_completion(const CommandTable& table);

}  // namespace segdl::cli
