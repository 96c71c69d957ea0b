#include "cli/options/adopt_option.h"

#include <CLI/CLI.hpp>

namespace segdl::cli {

void add_adopt_option(CLI::App& app, FetchCommand& command) {
  app.option_defaults()->group("Files");
  app.add_option("--adopt", command.request.adopt,
                 "Reuse the partial file of another tool; requires --checksum, which is verified at the end")
      ->configurable(false)
      ->type_name("FILE")
      ->check([](const std::string& text) { return text.empty() ? "empty value" : ""; });
  app.add_flag_callback(
      "-c,--continue", [&command] { command.continues = true; }, "Accepted for compatibility; resuming is the default");
}

void check_adopt(const FetchCommand& command) {
  if (command.request.adopt.empty()) return;
  if (command.urls.size() > 1 || command.list) {
    throw CLI::ValidationError("--adopt", "one partial file can't belong to several URLs; run segdl for each");
  }
  if (command.to_standard_output) {
    throw CLI::ValidationError("--adopt", "can't be combined with standard output");
  }
  if (!command.request.checksum && !command.checksums) {
    throw CLI::ValidationError("--adopt", "requires --checksum: only that can prove that it is part of this file");
  }
}

}  // namespace segdl::cli
