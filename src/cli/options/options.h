// The command line, read once.
#pragma once

#include <segdl/checksum_list.h>
#include <segdl/session.h>
#include <segdl/task.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace CLI {
class App;
}

namespace segdl::cli {

// Progress display: lines that are repainted, plain ones, or, by default, whichever standard error is good for.
enum class ProgressAs : std::uint8_t { automatic, bar, plain, none };

struct FetchCommand {
  SessionOptions session = {};
  Request request = {};                                  // all but the URL
  std::optional<ChecksumList> checksums = std::nullopt;  // one for each of the files
  std::vector<std::string> urls = {};
  std::optional<std::string> list = std::nullopt;  // a file of more URLs; "-" is standard input
  std::vector<std::string> on_done = {};           // a command and its arguments; empty: none
  std::vector<std::string> on_error = {};
  bool to_standard_output = false;
  bool continues = false;  // -c was given, as other tools need it
  bool json = false;       // then `quiet` too, and Request::events
  ProgressAs progress = ProgressAs::automatic;
  bool quiet = false;
  bool verbose = false;
};

// Where a file goes: FILE or DIRECTORY/FILE, or - for standard output.
struct Output {
  std::filesystem::path directory = {};  // empty if none was named
  std::string name = {};
  bool standard_output = false;  // then nothing else is set
};

// What is read first and applied when all options are known.
struct Unsettled {
  std::optional<Output> output = std::nullopt;
  std::optional<std::string> proxy = std::nullopt;
  std::optional<std::filesystem::path> config = std::nullopt;  // where settings come from
  bool no_config = false;
  bool silent = false;     // as curl means it: --verbose takes precedence
  bool continues = false;  // -C was given, as for curl
  std::vector<std::string> warnings = {};
};

struct StatusCommand {
  std::vector<std::filesystem::path> files = {};  // or directories; none: this one
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
void add_fetch_options(CLI::App& app, FetchCommand& command, Unsettled& rest);
void add_status_options(CLI::App& app, StatusCommand& command);

// Overwrites passwords, header values and secrets in URLs in argv, which every user of the machine can read in /proc.
void hide_secrets(int argc, char** argv);

}  // namespace segdl::cli
