// An HTTP server on the loopback that serves a pattern of any size and misbehaves as it is told.
#include "cli/values.h"
#include "support/loopback_origin.h"
#include "support/test_certificates.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace segdl::test {
namespace {

constexpr const char* kAbout =
    "Serves one resource, a pattern of any size, on the loopback, and misbehaves as it is told. Its URL is the first\n"
    "line on standard output. SIGTERM ends it.\n\n"
    "  /pattern/SEED/SIZE/NAME   is served as well, for any seed and size\n\n"
    "Sizes may be written 64K, 10M, 1G. Faults fire at offsets of the resource or by the number of the request.";

// 'A:B' or 'A', each half read by the function given for it.
template <class First, class Second>
void split_colon(const std::string& text, First&& first, Second&& second) {
  const auto colon = text.find(':');
  first(text.substr(0, colon));
  if (colon != std::string::npos) second(text.substr(colon + 1));
}

struct Command {
  OriginScript script;
  LoopbackOrigin::Options options;
  std::uint64_t size = 0;
  bool chunked = false;
  bool until_close = false;
  std::string tls_directory;
  std::string log_file;
};

struct At {
  std::uint64_t offset = 0;
  unsigned times = 1;
};

// OFFSET or OFFSET:TIMES; TIMES may be "always".
At parse_at(const std::string& text) {
  At at;
  split_colon(
      text, [&](const std::string& offset) { at.offset = cli::parse_size(offset); },
      [&](const std::string& times) {
        at.times = times == "always" ? OriginScript::kAlways : cli::parse_count(times);
      });
  return at;
}

void read_resource(CLI::App& app, Command& command) {
  OriginScript& script = command.script;
  const auto size = [&](const std::string& text) { script.size(command.size = cli::parse_size(text)); };
  app.add_option_function<std::string>("--size", size, "Size of the resource (default 1M)")->type_name("SIZE");
  app.add_option_function<std::uint64_t>(
      "--seed", [&](std::uint64_t seed) { script.seed(seed); }, "Seed of its content (default 1)");
  app.add_option_function<std::string>(
      "--etag", [&](const std::string& tag) { script.etag(tag); },
      "Its ETag with the quotes; '' for none (default '\"v1\"')");
  app.add_option_function<std::string>(
      "--last-modified", [&](const std::string& date) { script.last_modified(date); }, "Its date (default none)");
  app.add_option_function<std::string>(
         "--change-after",
         [&](const std::string& text) {
           split_colon(
               text, [&](const std::string& n) { script.change_after(cli::parse_count(n), command.size); },
               [&](const std::string& other) {
                 script.change_after(cli::parse_count(text.substr(0, text.find(':'))), cli::parse_size(other));
               });
         },
         "After N requests other content and another ETag, perhaps another size")
      ->type_name("N[:SIZE]");
}

void read_manners(CLI::App& app, Command& command) {
  OriginScript& script = command.script;
  app.add_flag_callback(
      "--no-ranges", [&] { script.no_ranges(); }, "Ignore Range");
  app.add_option_function<std::string>(
         "--no-ranges-after", [&](const std::string& n) { script.no_ranges_after(cli::parse_count(n)); },
         "Ignore Range after N requests")
      ->type_name("N");
  app.add_flag_callback(
      "--ignore-if-range", [&] { script.ignore_if_range(); }, "Answer 206 whatever If-Range says");
  app.add_flag("--chunked", command.chunked, "Send bodies in chunks");
  app.add_flag("--until-close", command.until_close, "Send bodies without a length, ended by the connection");
  app.add_option_function<std::vector<std::string>>(
         "--status-first",
         [&](const std::vector<std::string>& all) {
           for (const std::string& text : all) {
             unsigned count = 0;
             split_colon(
                 text, [&](const std::string& n) { count = cli::parse_count(n); },
                 [&](const std::string& code) {
                   script.on_every([count, status = static_cast<int>(cli::parse_count(code))](Answer& answer,
                                                                                              const Asking& asking) {
                     if (asking.number <= count) answer.status(status);
                   });
                 });
           }
         },
         "Answer the first N requests with this status")
      ->type_name("N:CODE");
  app.add_option_function<std::vector<std::string>>(
         "--redirect",
         [&](const std::vector<std::string>& all) {
           for (const std::string& text : all) {
             const auto equal = text.find('=');
             if (equal == std::string::npos) throw CLI::ValidationError("a redirect is written FROM=TO");
             script.redirect(text.substr(0, equal), text.substr(equal + 1));
           }
         },
         "Answer 302 to this path")
      ->type_name("FROM=TO");
}

void read_faults(CLI::App& app, Command& command) {
  OriginScript& script = command.script;
  const auto add = [&](const char* name, OriginScript& (OriginScript::*put)(std::uint64_t, unsigned),
                       const char* what) {
    app.add_option_function<std::vector<std::string>>(
           name,
           [&script, put](const std::vector<std::string>& all) {
             for (const std::string& text : all) {
               const At at = parse_at(text);
               (script.*put)(at.offset, at.times);
             }
           },
           what)
        ->type_name("OFFSET[:TIMES]");
  };
  add("--cut-at", &OriginScript::cut_at, "Close the connection before this byte, once or so many times, or 'always'");
  add("--reset-at", &OriginScript::reset_at, "The same with a reset");
  add("--stall-at", &OriginScript::stall_at, "Send nothing more from this byte on, and keep the connection");
  add("--flip-at", &OriginScript::flip_at, "One wrong bit in this byte");
  app.add_option_function<std::string>(
         "--cut-every", [&](const std::string& text) { script.cut_every(cli::parse_size(text)); },
         "Close the connection after so many bytes of each body")
      ->type_name("SIZE");
  app.add_option_function<std::string>(
         "--drip",
         [&](const std::string& text) {
           std::chrono::milliseconds pause{0};
           split_colon(
               text, [](const std::string&) {}, [&](const std::string& time) { pause = cli::parse_duration(time); });
           script.drip(static_cast<std::size_t>(cli::parse_size(text.substr(0, text.find(':')))), pause);
         },
         "At most so many bytes at once, with a pause after each, for example 1K:50ms")
      ->type_name("SIZE[:TIME]");
}

void read_server(CLI::App& app, Command& command) {
  app.add_option("--port", command.options.port, "Port on 127.0.0.1 (default any free one)");
  app.add_flag_callback(
      "--ipv6", [&] { command.options.family = Loopback::v6; }, "Listen on [::1] instead");
  app.add_option_function<std::string>(
         "--limit-rate", [&](const std::string& text) { command.options.limit_rate = cli::parse_size(text); },
         "Bytes a second of each connection")
      ->type_name("RATE");
  app.add_option("--tls", command.tls_directory, "Speak TLS, and write the authority's certificate here as ca.pem")
      ->type_name("DIR");
  app.add_option("--log", command.log_file, "Append a line of JSON for each request when its answer has ended")
      ->type_name("FILE");
}

// Appends what was asked and answered; thread-safe.
class RequestLog {
 public:
  explicit RequestLog(const std::string& path) : file_(path, std::ios::app) {
    if (!file_) throw std::runtime_error("cannot write " + path);
  }

  void add(const Asking& asking) {
    nlohmann::ordered_json line = {{"number", asking.number}, {"connection", asking.connection},
                                   {"target", asking.target}, {"status", asking.status},
                                   {"sent", asking.sent},     {"fields", nlohmann::ordered_json::object()}};
    for (const Field& field : asking.fields) line["fields"][field.name] = field.value;
    const std::string text = line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    const std::lock_guard lock(mutex_);
    file_ << text << '\n' << std::flush;
  }

 private:
  std::mutex mutex_;
  std::ofstream file_;
};

void run(Command& command) {
  ::sigset_t ending;
  ::sigemptyset(&ending);
  ::sigaddset(&ending, SIGTERM);
  ::sigaddset(&ending, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &ending, nullptr);  // before there are threads: all of them inherit it
  std::optional<RequestLog> log;
  if (!command.log_file.empty()) {
    log.emplace(command.log_file);
    command.options.on_answered = [&log](const Asking& asking) { log->add(asking); };
  }
  if (!command.tls_directory.empty()) {
    const TestAuthority authority;
    std::filesystem::create_directories(command.tls_directory);
    authority.write_pem(std::filesystem::path(command.tls_directory) / "ca.pem");
    command.options.tls = authority.server_context();
  }
  if (command.chunked || command.until_close) {
    command.script.on_every([&command](Answer& answer, const Asking&) {
      if (answer.head.status != 200 && answer.head.status != 206) return;
      if (command.chunked) answer.chunked();
      if (command.until_close) answer.until_close();
    });
  }
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
  Command command;
  command.script.size(command.size = segdl::kMiB).pattern_paths();
  read_resource(app, command);
  read_manners(app, command);
  read_faults(app, command);
  read_server(app, command);
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
