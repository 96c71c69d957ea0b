// The manual page segdl(1), in roff for man(7).
#pragma once

#include "cli/commands/pages.h"

#include <string>

namespace segdl::cli {

std::string man_page(const CommandTable& table);

}  // namespace segdl::cli
