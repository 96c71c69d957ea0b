// An HTTP server on the loopback that serves a pattern of any size, with scripted faults.
#include "origin_log.h"
#include "origin_options.h"
#include "support/test_certificates.h"

#include <segdl/range.h>

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>

namespace segdl::test {
namespace {

constexpr const char* kAbout =
    "Serves one resource, a pattern of any size, on the loopback, and misbehaves as it is told. Its URL is the first\n"
    "line on standard output. SIGTERM ends it.\n\n"
    "  /pattern/SEED/SIZE/NAME   is served as well, for any seed and size\n\n"
    "Sizes may be written 64K, 10M, 1G. Faults fire at offsets of the resource, by the number of the request or of "
    "the\n"
    "connection, or in the first seconds.";

void frame_bodies(OriginCommand& command) {
  if (!command.chunked && !command.until_close) return;
  command.script.on_every([&command](Answer& answer, const Asking&) {
    if (answer.head.status != 200 && answer.head.status != 206) return;
    if (command.chunked) answer.chunked();
    if (command.until_close) answer.until_close();
  });
}

void run(OriginCommand& command) {
  ::sigset_t ending;
  ::sigemptyset(&ending);
  ::sigaddset(&ending, SIGTERM);
  ::sigaddset(&ending, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &ending, nullptr);  // before there are threads: all of them inherit it
  std::optional<RequestLog> log;
  if (!command.log_file.empty()) {
    log.emplace(command.log_file);
    command.options.on_asked = [&log](const Asking& asking) { log->begin(asking); };
    command.options.on_answered = [&log](const Asking& asking) { log->end(asking); };
  }
  if (!command.tls_directory.empty()) {
    const TestAuthority authority;
    std::filesystem::create_directories(command.tls_directory);
    authority.write_pem(std::filesystem::path(command.tls_directory) / "ca.pem");
    command.options.tls = authority.server_context();
  }
  frame_bodies(command);
  const LoopbackOrigin origin(command.script, command.options);
  fmt::print("{}\n", origin.url("/file"));
  std::fflush(stdout);
  int signal = 0;
  ::sigwait(&ending, &signal);
}

}  // namespace
}  // namespace segdl::test

int main(int argc, char** argv) {
  using namespace segdl::test;
  CLI::App app(kAbout, "origin");
  OriginCommand command;
  command.script.size(command.size = segdl::kMiB).pattern_paths();
  add_origin_options(app, command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    run(command);
  } catch (const std::exception& error) {
    fmt::print(stderr, "origin: {}\n", error.what());
    return 1;
  }
  return 0;
}
