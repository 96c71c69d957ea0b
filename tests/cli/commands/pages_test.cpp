// Help, manual page and completions: made from the options that are parsed, all of them.
#include "cli/base/exit_code.h"
#include "cli/commands/completion.h"
#include "cli/commands/man_page.h"
#include "cli/help/help.h"
#include "cli/options/values.h"

#include <CLI/CLI.hpp>

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

using namespace segdl;
using namespace segdl::cli;

namespace {

struct Fetching {
  Fetching() { add_fetch_options(app, command, rest); }
  CLI::App app;
  FetchCommand command;
  Unsettled rest;
};

std::vector<OptionWords> all_options() {
  std::vector<OptionWords> all;
  const CommandTable table = command_table();
  for (const auto* groups : {&table.fetch, &table.status}) {
    for (const OptionGroup& group : *groups) all.insert(all.end(), group.options.begin(), group.options.end());
  }
  return all;
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// "--output" as a page writes it.
std::string in_roff(const std::string& name) {
  std::string out;
  for (const char c : name) out += c == '-' ? "\\-" : std::string(1, c);
  return out;
}

std::string in_fish(const std::string& name) {
  return name.starts_with("--") ? " -l " + name.substr(2) + " " : " -s " + name.substr(1) + " ";
}

}  // namespace

TEST_CASE("every option is in the help, the manual page and each completion") {
  const CommandTable table = command_table();
  const std::string bash = bash_completion(table);
  const std::string zsh = zsh_completion(table);
  const std::string fish = fish_completion(table);
  const std::string page = man_page(table);
  Fetching fetching;
  CLI::App status;
  StatusCommand command;
  add_status_options(status, command);
  const std::string help = fetching.app.help() + status.help();
  CHECK(all_options().size() > 25);
  for (const OptionWords& option : all_options()) {
    CHECK(holds(help, heading(option)));
    CHECK_FALSE(option.description.empty());
    for (const std::string& name : option.names) {
      CAPTURE(name);
      CHECK(holds(bash, name + (name == "--version" ? "'" : " ")));
      CHECK(holds(zsh, name));
      CHECK(holds(fish, in_fish(name)));
      CHECK(holds(page, "\\fB" + in_roff(name) + "\\fR"));
    }
  }
}

TEST_CASE("every command is in the help, the manual page and each completion") {
  const CommandTable table = command_table();
  for (const CommandWords& command : command_words()) {
    CAPTURE(command.name);
    for (const std::string& text : {bash_completion(table), zsh_completion(table), fish_completion(table),
                                    man_page(table), Fetching().app.help()}) {
      CHECK(holds(text, command.name));
    }
  }
}

TEST_CASE("help is in lines of eighty columns, in groups") {
  const std::string help = Fetching().app.help();
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(line.size() <= 80);
  }
  for (const char* group : {"\nFiles:\n", "\nConnections and limits:\n", "\nHTTP:\n", "\nTLS:\n", "\nDisplay:\n"}) {
    CHECK(holds(help, group));
  }
  CHECK(holds(help, "  -o, --output FILE        Write to this file"));
  CHECK(holds(help, "      --cacert FILE        "));
}

TEST_CASE("no option is outside the groups") {
  for (const OptionGroup& group : command_table().fetch) CHECK(group.name != "Options");
}

TEST_CASE("each exit code is told in words") {
  const std::string page = man_page(command_table());
  for (const Cause cause : {Cause::internal, Cause::usage, Cause::network, Cause::refused, Cause::tls, Cause::integrity,
                            Cause::local, Cause::changed, Cause::busy, Cause::exists, Cause::cancelled}) {
    const std::string code = std::to_string(exit_code(cause));
    CAPTURE(code);
    CHECK(holds(page, "\n\\fB" + code + "\\fR\n"));
    CHECK((holds(fetch_footer(), code + " ") || holds(fetch_footer(), code + "\n")));
  }
}

TEST_CASE("a type name says what completes a value") {
  CHECK(offered("interval") == "interval");
  CHECK(offered("sha-256=HEX") == "sha-256=");
  CHECK(offered("@FILE") == "@");
  CHECK(offered("N").empty());
  CHECK(disk_kind("FILE") == 'f');
  CHECK(disk_kind("@FILE") == 'f');
  CHECK(disk_kind("DIR") == 'd');
  CHECK(disk_kind("HEX") == 0);
  CHECK(disk_kind("auto") == 0);
}

TEST_CASE("values are taken off the type name, and people see the option's text instead if it has one") {
  CLI::App app;
  std::string value;
  app.add_option("-c,--check", value, "Compare")->type_name("md5=HEX|@FILE")->option_text("ALGO=HEX");
  app.add_option("--hidden", value, "Not for people")->group("");
  const auto groups = option_groups(app);
  REQUIRE(groups.size() == 1);
  const OptionWords& option = groups[0].options.back();
  CHECK(heading(option) == "-c, --check ALGO=HEX");
  CHECK(option.values == std::vector<std::string>{"md5=HEX", "@FILE"});
  CHECK_FALSE(option.again);
}
