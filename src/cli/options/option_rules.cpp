#include "cli/options/option_rules.h"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <string>
#include <utility>

namespace segdl::cli {

void check_together(const FetchCommand& command) {
  if (command.urls.empty() && !command.list) throw CLI::RequiredError("URL");
  if (command.request.checksum && (command.urls.size() > 1 || command.list)) {
    throw CLI::ValidationError("--checksum", "one digest can't apply to several URLs; use a list: @FILE");
  }
  if (command.checksums && command.checksums->is_one_digest()) {
    if (command.urls.size() > 1 || command.list) {
      throw CLI::ValidationError("--checksum",
                                 "the file has a single digest without a name, which can't apply to several URLs");
    }
  } else if (command.checksums && command.request.remote_name) {
    throw CLI::ValidationError("--checksum",
                               "a list can't be combined with --remote-header-name: the name is known too late");
  }
}

void relate_options(CLI::App& app) {
  for (const auto& [one, other] : {std::pair("--skip-existing", "--overwrite"),
                                   {"--update", "--overwrite"},
                                   {"--update", "--skip-existing"},
                                   {"--ipv4", "--ipv6"},
                                   {"--quiet", "--verbose"},
                                   {"--no-config", "--config"}}) {
    app.get_option(one)->excludes(app.get_option(other));
  }
  for (CLI::Option* option : app.get_options()) {
    if (option->get_configurable() && option->get_items_expected_max() == 1) option->take_last();
  }
}

void place_output(const Output& output, FetchCommand& command) {
  if (command.urls.size() > 1 || command.list) {
    throw CLI::ValidationError("--output", output.standard_output
                                               ? "standard output can take only one file"
                                               : "one name can't be used for several URLs; use -d for a directory");
  }
  if (output.standard_output && command.request.existing == Existing::skip) {
    throw CLI::ValidationError("--skip-existing", "can't be combined with standard output");
  }
  if (output.standard_output && command.request.existing == Existing::update) {
    throw CLI::ValidationError("--update", "can't be combined with standard output: there is no file to compare");
  }
  if (output.standard_output && !(command.on_done.empty() && command.on_error.empty())) {
    throw CLI::ValidationError(command.on_done.empty() ? "--on-error" : "--on-done",
                               "can't be combined with standard output: there is no path");
  }
  if (output.standard_output && command.json) {
    throw CLI::ValidationError("--json", "can't be combined with standard output: both would be written there");
  }
  command.to_standard_output = output.standard_output;
  command.request.output = output.name;
  if (output.directory.empty()) return;
  std::filesystem::path& directory = command.request.directory;
  directory = directory == "." ? output.directory : directory / output.directory;  // an absolute path replaces it
}

}  // namespace segdl::cli
