#include "cli/help/help.h"

#include "cli/help/option_table.h"

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <string_view>
#include <utility>
#include <vector>

namespace segdl::cli {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kColumn = 27;  // where descriptions begin

constexpr ExitCodeWords kExitCodes[] = {
    {"0", "done", "every file is published"},
    {"1", "internal error", "a bug, out of memory, or a failed --on-done command"},
    {"2", "usage", "invalid command line or URL"},
    {"3", "network", "after all retries"},
    {"4", "refused by the server", "the message has the HTTP status"},
    {"5", "TLS", "handshake, certificate, or a redirect from https to http"},
    {"6", "integrity",
     "checksum mismatch, inconsistent server, a body without a detectable end, or a file that another program keeps "
     "changing"},
    {"7", "local file or disk", "the message has the system's error, and states if the file is complete nevertheless"},
    {"8", "the resource changed", "and restarting could discard data: see the message"},
    {"9", "busy", "another download of this file is running"},
    {"10", "the output exists",
     "and is not empty, a file under one of segdl's names belongs to another program, or two lines of a list share a "
     "name"},
    {"129", "interrupted by SIGHUP", "the same command continues"},
    {"130", "interrupted by Ctrl-C", "the same command continues"},
    {"143", "interrupted by SIGTERM", "the same command continues"},
};

constexpr CommandWords kCommands[] = {
    {"status", "[FILE]... [--json]", "what an interrupted download has on disk"},
    {"completion", "bash|zsh|fish", "a shell completion script"},
    {"man", "", "the manual page; view it with man -l -"},
};

// Breaks between words, so that no line is longer than the width; all lines but the first are indented.
std::string wrapped(std::string_view text, std::size_t at, const std::string& indent) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const bool first = out.empty();
    if (!first && at + 1 + word.size() > kWidth) {
      out += "\n" + indent;
      at = indent.size();
    } else if (!first) {
      out += ' ';
      ++at;
    }
    out += word;
    at += word.size();
  }
  return out;
}

std::string paragraph(std::string_view text) { return wrapped(text, 0, "") + "\n"; }

std::string option_lines(const OptionWords& option) {
  const bool aligned = option.names.front().starts_with("--");  // below the long names of others
  std::string lines = (aligned ? "      " : "  ") + heading(option);
  const std::string indent(kColumn, ' ');
  if (lines.size() + 2 > kColumn) {
    lines += "\n" + indent;
  } else {
    lines.resize(kColumn, ' ');
  }
  return lines + wrapped(option.description, kColumn, indent) + "\n";
}

std::string help_text(const CLI::App& app, const std::string& footer) {
  std::string usage = fmt::format("Usage: {} [options]", app.get_name());
  std::string text = paragraph(app.get_description()) + "\n";
  for (const OptionWords& operand : operands(app)) {
    usage += fmt::format(" {}{}", operand.names.front(), operand.again ? "..." : "");
  }
  text += usage + "\n";
  for (const OptionWords& operand : operands(app)) text += "\n" + option_lines(operand);
  for (const OptionGroup& group : option_groups(app)) {
    text += "\n" + group.name + ":\n";
    for (const OptionWords& option : group.options) text += option_lines(option);
  }
  return footer.empty() ? text : text + "\n" + footer;
}

}  // namespace

std::span<const ExitCodeWords> exit_code_words() { return kExitCodes; }

std::span<const CommandWords> command_words() { return kCommands; }

void use_help(CLI::App& app, std::string footer) {
  app.formatter_fn([footer = std::move(footer)](const CLI::App* shown, const std::string&, CLI::AppFormatMode) {
    return help_text(*shown, footer);
  });
}

std::string fetch_footer() {
  std::string text = "Commands:\n";
  for (const CommandWords& command : kCommands) {
    const std::string call = fmt::format("segdl {} {}", command.name, command.arguments);
    text += fmt::format("  {:<32}{}\n", call, wrapped(command.purpose, 34, std::string(34, ' ')));
  }
  text += "\n" + paragraph(
                     "Run the same command again to continue an interrupted download; for several, add "
                     "--skip-existing. Sizes accept K, M, G and T; times are in seconds, or accept ms, s, m and h.");
  std::string codes;
  for (const ExitCodeWords& exit : kExitCodes) codes += fmt::format("{} {}, ", exit.code, exit.brief);
  codes.resize(codes.size() - 2);
  text += "\n" + paragraph("Exit codes: " + codes + "; of several downloads, that of the first failure.");
  return text;
}

}  // namespace segdl::cli
