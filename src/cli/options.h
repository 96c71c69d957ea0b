// The command line, read once.
#pragma once

#include <segdl/session.h>
#include <segdl/task.h>

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace CLI {
class App;
}

namespace segdl::cli {

struct Output;

struct FetchCommand {
  SessionOptions session = {};
  Request request = {};  // all but the URL
  std::vector<std::string> urls = {};
  std::optional<std::string> list = std::nullopt;  // a file of more URLs; "-" is standard input
  bool to_standard_output = false;
  bool skip_existing = false;
  bool quiet = false;
  bool verbose = false;
};

struct StatusCommand {
  std::filesystem::path file = {};
  bool json = false;
};

// A text about the command itself, for standard output.
enum class Page { bash, zsh, fish, man };

struct PageCommand {
  Page page = Page::man;
};

// Nothing to do any more: help or version was printed, or the command line was wrong.
struct Exit {
  int code = 0;
};

using Command = std::variant<FetchCommand, StatusCommand, PageCommand, Exit>;

Command read_command_line(int argc, char** argv);

// Makes the app that of `segdl` or `segdl status`: everything they take. What parsing fills must outlive it.
void add_fetch_options(CLI::App& app, FetchCommand& command, std::optional<Output>& output);
void add_status_options(CLI::App& app, StatusCommand& command);

// Overwrites passwords, header values and secrets in URLs in argv, which every user of the machine can read in /proc.
void hide_secrets(int argc, char** argv);

}  // namespace segdl::cli
