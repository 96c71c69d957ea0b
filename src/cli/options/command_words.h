// Splits the texts of --on-done and --on-error into a program and its arguments.
#pragma once

#include <string>
#include <vector>

namespace segdl::cli {

// Words as a shell would split them, with '...', "..." and \. Throws CLI::ValidationError if there is none, a quote has
// no end, or a shell would do more with it (variables, pipes; patterns are taken as they are), and where the first word
// is no program that can be started: that would be found out only when the download is done.
std::vector<std::string> parse_words(const std::string& text);

}  // namespace segdl::cli
