// The command line of the origin.
#pragma once

#include "support/loopback_origin.h"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>

namespace segdl::test {

struct OriginCommand {
  OriginScript script;
  LoopbackOrigin::Options options;
  std::uint64_t size = 0;
  bool chunked = false;
  bool until_close = false;
  std::string tls_directory;
  std::string log_file;
};

// Adds every option to `app`. REQUIRES: the command outlives the app's parsing.
void add_origin_options(CLI::App& app, OriginCommand& command);

}  // namespace segdl::test
