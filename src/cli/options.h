// The command line, read once.
#pragma once

#include "cli/checksum_list.h"

#include <segdl/session.h>
#include <segdl/task.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace segdl::cli {

// How it is shown how things are going: lines that are repainted, plain ones, or, if it is not said, whichever standard
// error is good for.
enum class ProgressAs : std::uint8_t { automatic, bar, plain, none };

struct FetchCommand {
  SessionOptions session = {};
  Request request = {};                                  // all but the URL
  std::optional<ChecksumList> checksums = std::nullopt;  // one for each of the files
  std::vector<std::string> urls = {};
  std::optional<std::string> list = std::nullopt;  // a file of more URLs; "-" is standard input
  bool to_standard_output = false;
  bool skip_existing = false;
  bool json = false;  // then `quiet` too, and Request::events
  ProgressAs progress = ProgressAs::automatic;
  bool quiet = false;
  bool verbose = false;
};

struct StatusCommand {
  std::filesystem::path file = {};
  bool json = false;
};

// Nothing to do any more: help or version was printed, or the command line was wrong.
struct Exit {
  int code = 0;
};

std::variant<FetchCommand, StatusCommand, Exit> read_command_line(int argc, char** argv);

// Overwrites passwords, header values and secrets in URLs in argv, which every user of the machine can read in /proc.
void hide_secrets(int argc, char** argv);

}  // namespace segdl::cli
