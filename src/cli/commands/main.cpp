#include "cli/base/exit_code.h"
#include "cli/base/signals.h"
#include "cli/base/streams.h"
#include "cli/commands/fetch.h"
#include "cli/commands/pages.h"
#include "cli/commands/status.h"
#include "cli/options/options.h"

#include <sys/resource.h>

#include <clocale>
#include <exception>
#include <variant>

namespace {

// Runs before all other initializers, which may run out of memory too: those of CLI11 make functions and strings.
[[gnu::constructor(101)]] void begin() { segdl::cli::say_out_of_memory_at_termination(); }

// Many connections and files need many descriptors; the usual soft limit of 1,024 is for programs that use select(2).
void raise_file_limit() {
  ::rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);  // where that is refused, the limit in force is reported when it is reached
}

int run(int argc, char** argv) {
  const auto command = segdl::cli::read_command_line(argc, argv);
  if (const auto* done = std::get_if<segdl::cli::Exit>(&command)) return done->code;
  if (const auto* status = std::get_if<segdl::cli::StatusCommand>(&command)) return segdl::cli::show_status(*status);
  if (const auto* page = std::get_if<segdl::cli::PageCommand>(&command)) return segdl::cli::show_page(page->page);
  segdl::cli::hide_secrets(argc, argv);
  std::setlocale(LC_CTYPE, "");  // for the terminal's characters and their widths
  segdl::cli::watch_signals();
  raise_file_limit();
  return segdl::cli::fetch(std::get<segdl::cli::FetchCommand>(command));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    segdl::cli::fill_closed_streams();
    return run(argc, argv);
  } catch (const std::exception& exception) {  // out of memory, or a bug
    segdl::cli::say_internal_error(exception);
    return segdl::cli::exit_code(segdl::Cause::internal);
  }
}
