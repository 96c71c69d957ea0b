// The file of settings, applied to the options of the command.
#pragma once

#include <filesystem>
#include <optional>

namespace CLI {
class App;
}

namespace segdl::cli {

// $XDG_CONFIG_HOME/segdl/config, or ~/.config/segdl/config; nothing where neither variable is an absolute path.
std::optional<std::filesystem::path> default_config();

// Applies the file to every option that has no value yet, unless an option with a value excludes it. The file may be
// missing unless it is `required`.
// Throws CLI::ParseError with the file and the line. A file that holds a password must not be readable by others.
void apply_config(CLI::App&, const std::filesystem::path&, bool required);

}  // namespace segdl::cli
