#include "cli/exit_code.h"
#include "cli/fetch.h"
#include "cli/options.h"
#include "cli/signals.h"
#include "cli/status.h"
#include "cli/streams.h"

#include <exception>
#include <variant>

namespace {

int run(int argc, char** argv) {
  const auto command = segdl::cli::read_command_line(argc, argv);
  if (const auto* done = std::get_if<segdl::cli::Exit>(&command)) return done->code;
  if (const auto* status = std::get_if<segdl::cli::StatusCommand>(&command)) return segdl::cli::show_status(*status);
  segdl::cli::hide_secrets(argc, argv);
  segdl::cli::watch_signals();
  return segdl::cli::fetch(std::get<segdl::cli::FetchCommand>(command));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    segdl::cli::fill_closed_streams();
    return run(argc, argv);
  } catch (const std::exception& exception) {  // out of memory, or a bug
    segdl::cli::say("segdl: internal error: {}\n", exception.what());
    return segdl::cli::exit_code(segdl::Cause::internal);
  }
}
