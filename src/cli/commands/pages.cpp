#include "cli/commands/pages.h"

#include "cli/base/exit_code.h"
#include "cli/base/streams.h"
#include "cli/commands/completion.h"
#include "cli/commands/man_page.h"

#include <CLI/CLI.hpp>

namespace segdl::cli {
namespace {

std::string text_of(Page page) {
  const CommandTable table = command_table();
  switch (page) {
    case Page::bash:
      return bash_completion(table);
    case Page::zsh:
      return zsh_completion(table);
    case Page::fish:
      return fish_completion(table);
    case Page::man:
      break;
  }
  return man_page(table);
}

}  // namespace

CommandTable command_table() {
  CLI::App fetch;
  CLI::App status;
  FetchCommand unused_fetch;
  StatusCommand unused_status;
  Unsettled unused_rest;
  add_fetch_options(fetch, unused_fetch, unused_rest);
  add_status_options(status, unused_status);
  return {fetch.get_description(), option_groups(fetch), option_groups(status)};
}

int show_page(Page page) { return put_out(text_of(page)) ? 0 : kLocal; }

}  // namespace segdl::cli
