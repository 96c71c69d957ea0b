// A directory and a server for tests of the public API over real sockets and disks.
#pragma once

#include <segdl/segdl.h>

#include "support/loopback_origin.h"
#include "support/pattern.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

namespace segdl::test {

struct TemporaryDirectory {
  std::filesystem::path path;
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "segdl-session-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
};

// Serves its script at every path.
struct Server {
  OriginScript script;
  LoopbackServer server{[this](int socket) { serve_script(script, socket); }};
  std::string url(const std::string& name = "f") const {
    return fmt::format("http://127.0.0.1:{}/{}", server.port(), name);
  }
};

inline Request request_of(std::string url, const TemporaryDirectory& place, std::string output = "f") {
  Request request;
  request.url = std::move(url);
  request.directory = place.path;
  request.output = std::move(output);
  request.segment_size = 16 * kKiB;
  return request;
}

inline Request request_for(const Server& server, const TemporaryDirectory& place, std::string output = "f") {
  return request_of(server.url(), place, std::move(output));
}

}  // namespace segdl::test
