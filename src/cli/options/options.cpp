#include "cli/options/options.h"

#include "cli/base/exit_code.h"
#include "cli/base/streams.h"
#include "cli/help/help.h"
#include "cli/options/adopt_option.h"
#include "cli/options/auth_options.h"
#include "cli/options/command_words.h"
#include "cli/options/config.h"
#include "cli/options/habits.h"
#include "cli/options/mistakes.h"
#include "cli/options/network.h"
#include "cli/options/option_rules.h"
#include "cli/options/unfed_output.h"
#include "cli/options/values.h"

#include <segdl/text.h>
#include <segdl/version.h>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

namespace segdl::cli {
namespace {

// The result of `parse` for the text; an error begins with the option's long name.
template <class Parse>
auto parsed(const std::string& names, Parse parse, const std::string& text) {
  try {
    return parse(text);
  } catch (const CLI::ValidationError& error) {
    throw CLI::ValidationError(names.substr(names.rfind(',') + 1), error.what());
  }
}

// An option whose text one of our functions parses.
template <class Value, class Parse>
CLI::Option* add_parsed(CLI::App& app, const std::string& names, Value& value, Parse parse) {
  return app.add_option_function<std::string>(
      names, [&value, parse, names](const std::string& text) { value = parsed(names, parse, text); });
}

std::string parse_list(const std::string& text) {
  if (text.empty()) throw CLI::ValidationError("empty value");
  return text;
}

void add_config_options(CLI::App& app, Unsettled& rest) {
  app.option_defaults()->group("Display");
  app.add_option("--config", rest.config, "Configuration file (default: ~/.config/segdl/config)")
      ->type_name("FILE")
      ->configurable(false);
  app.add_flag("--no-config", rest.no_config, "Read no configuration file")->configurable(false);
}

void apply_settings(const Unsettled& rest, CLI::App& app) {
  const auto path = rest.config ? rest.config : default_config();
  if (path && !rest.no_config) apply_config(app, *path, rest.config.has_value());
}

void add_list_option(CLI::App& app, FetchCommand& command) {
  app.option_defaults()->group("Files");
  add_parsed(app, "-i,--input-file", command.list, parse_list)
      ->configurable(false)
      ->type_name("FILE")
      ->description("Read URLs from this file, one per line, optionally with a TAB and a file name; - is stdin");
}

void add_output_options(CLI::App& app, FetchCommand& command, std::optional<Output>& output) {
  app.option_defaults()->group("Files");
  Request& request = command.request;
  add_parsed(app, "-o,--output", output, parse_output)
      ->configurable(false)
      ->type_name("FILE")
      ->description("Write to this file or pipe; - is stdout (default: the last part of the URL)");
  app.add_option("-d,--directory", request.directory, "Save into this directory; created if missing")
      ->type_name("DIR")
      ->check([](const std::string& text) {
        return text.empty() ? "empty value; use -d . for the current directory" : why_unexpanded(text);
      });
  app.add_flag_callback(
      "--no-create-dirs", [&request] { request.create_directories = false; }, "Do not create missing directories");
  add_parsed(app, "--segment-size", request.segment_size, parse_size)
      ->type_name("SIZE")
      ->description("Unit of hashing and resuming: a power of two from 16K to 16M (default: automatic)");
  app.add_flag("-J,--remote-header-name", request.remote_name, "Use the file name of the server (Content-Disposition)");
  app.add_flag("-R,--remote-time", request.remote_time, "Set the file's time to the server's Last-Modified");
  app.add_flag("--decode", request.decode, "Decode an unrequested Content-Encoding");
  app.add_option_function<std::string>(
         "--checksum",
         [&command](const std::string& text) {
           if (names_checksum_list(text)) {
             command.checksums = parsed("--checksum", read_checksum_list, text);
           } else {
             command.request.checksum = parsed("--checksum", parse_one_checksum, text);
           }
         },
         "Verify the file against this digest (sha-256, sha-512, sha-1, md5, xxh3-64 or xxh128), or against a list "
         "such as SHA256SUMS")
      ->configurable(false)
      ->type_name("sha-256=HEX|sha-512=HEX|sha-1=HEX|md5=HEX|xxh3-64=HEX|xxh128=HEX|@FILE")
      ->option_text("ALGO=HEX|[ALGO=]@FILE");
  add_parsed(app, "--on-done", command.on_done, parse_words)
      ->type_name("COMMAND")
      ->description("Run this command for each finished file, with its path as last argument; no shell is involved");
  add_parsed(app, "--on-error", command.on_error, parse_words)
      ->type_name("COMMAND")
      ->description("Likewise for each failed file, with its exit code in SEGDL_EXIT_CODE");
  app.add_flag("--verify", request.verify, "Read the file back and compare it before publishing");
  app.add_flag_callback(
      "--overwrite", [&request] { request.existing = Existing::replace; }, "Replace an existing file");
  app.add_flag_callback(
      "--skip-existing", [&request] { request.existing = Existing::skip; },
      "Skip files that exist; for running a list again");
  app.add_flag_callback(
      "--update", [&request] { request.existing = Existing::update; },
      "Replace an existing file only if the server has another one");
  app.add_flag_callback(
      "--no-resume", [&request] { request.resume = false; }, "Restart instead of resuming");
  add_parsed(app, "--sync", request.sync, parse_sync)
      ->type_name("interval|end|none")
      ->description("When to flush data to disk: every second or 64 MiB (default), only at the end, or never");
}

void add_http_options(CLI::App& app, FetchCommand& command, Unsettled& rest) {
  app.option_defaults()->group("HTTP");
  SessionOptions& session = command.session;
  Request& request = command.request;
  app.add_option_function<std::vector<std::string>>(
         "-H,--header",
         [&request, &warnings = rest.warnings](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) {
             for (HeaderWish& wish : parsed("--header", parse_headers, text)) {
               take_header(std::move(wish), request, warnings);
             }
           }
         },
         "Send 'Name: value'; 'Name;' sends no value, 'Name:' omits a default header; @FILE has one per line")
      ->type_name("HEADER|@FILE")
      ->take_all()
      ->allow_extra_args(false);  // one text for each -H: what follows may be the URL
  app.add_option_function<std::string>(
         "-A,--user-agent",
         [&session, &request](const std::string& text) {
           session.user_agent = text;
           if (text.empty()) request.omitted_headers.emplace_back("User-Agent");
         },
         "Send this User-Agent; '' sends none")
      ->type_name("NAME");
  add_parsed(app, "-u,--user", request.credentials, parse_credentials)
      ->type_name("NAME:PASS|@FILE")
      ->description("User name and password for the server (Digest or Basic); @FILE has them in its first line");
  app.add_flag_callback(
      "-L,--location", [] {}, "Accepted for compatibility; redirects are followed");
  app.add_flag("--accept-unframed", request.accept_unframed,
               "Accept the end of the connection as the end of the file, also for data of an earlier run");
}

void add_tls_options(CLI::App& app, SessionOptions& session) {
  app.option_defaults()->group("TLS");
  app.add_option("--cacert", session.ca_file, "Trust only the certificates in this PEM file")->type_name("FILE");
  app.add_option("--capath", session.ca_path, "Trust only the certificates in this directory")->type_name("DIR");
  app.add_flag("-k,--insecure", session.insecure, "Accept any certificate");
}

void add_network_options(CLI::App& app, FetchCommand& command, std::optional<std::string>& proxy) {
  app.option_defaults()->group("Connections and limits");
  app.add_option_function<std::string>(
         "--proxy", [&proxy](const std::string& text) { proxy = text; },
         "Use this proxy (http, https, socks5 or socks5h); '' uses none, ignoring the environment")
      ->type_name("URL");
  AddressFamily& addresses = command.session.network.addresses;
  app.add_flag_callback(
      "-4,--ipv4", [&addresses] { addresses = AddressFamily::v4; }, "Connect to IPv4 addresses only");
  app.add_flag_callback(
      "-6,--ipv6", [&addresses] { addresses = AddressFamily::v6; }, "Connect to IPv6 addresses only");
}

void add_limit_options(CLI::App& app, FetchCommand& command) {
  app.option_defaults()->group("Connections and limits");
  SessionOptions& session = command.session;
  add_parsed(app, "-x,--connections", session.connections, parse_connections)
      ->type_name("N|auto")
      ->description("Maximum connections per host, 1 to 1024 (default: auto, as many as help)");
  add_parsed(app, "-j,--jobs", session.jobs, parse_positive)
      ->type_name("N")
      ->description("Number of parallel downloads (default: 8)");
  add_parsed(app, "--limit-rate", session.limit_rate, parse_size)
      ->type_name("RATE")
      ->description("Maximum bytes/s of all downloads together; 0: unlimited");
  add_parsed(app, "--retries", session.retries, parse_retries)
      ->type_name("N|inf")
      ->description(
          "Consecutive failures without progress before giving up (default: see --retry-max-time); inf: never give up");
  add_parsed(app, "--retry-max-time", session.retry_max_time, parse_duration)
      ->type_name("S")
      ->description(
          "Give up when consecutive failures last longer; 0: unlimited (default without --retries: 5 failures if the "
          "server has never responded, else 2 minutes)");
  add_parsed(app, "--timeout", session.timeout, parse_timeout)
      ->type_name("S")
      ->description("Maximum silence of the server (default: 60 for its first response, then 30)");
  add_parsed(app, "--connect-timeout", session.connect_timeout, parse_timeout)
      ->type_name("S")
      ->description("Maximum time to connect, TLS included (default: 15)");
  add_parsed(app, "-m,--max-time", session.max_time, parse_duration)
      ->type_name("S")
      ->description("Maximum time for one file");
  add_parsed(app, "--min-speed", session.min_speed, parse_size)
      ->type_name("RATE")
      ->description("Drop a connection that is slower than this over 30 s (default: 16 bytes/s)");
}

void add_display_options(CLI::App& app, FetchCommand& command) {
  app.option_defaults()->group("Display");
  app.add_flag_callback(
      "--json", [&command] { command.json = command.quiet = command.request.events = true; },
      "Write events to stdout as JSON lines; errors also go to stderr as text");
  add_parsed(app, "--progress", command.progress, parse_progress)
      ->type_name("auto|bar|plain|none")
      ->description("Progress display (default: bar on a terminal, else plain, a line every 5 s)");
  app.add_flag("-q,--quiet", command.quiet, "Print errors and warnings only");
  app.add_flag("-v,--verbose", command.verbose, "Print decisions such as retries and fallbacks");
}

// Added last, so that they are at the end of --help.
void add_help_options(CLI::App& app) {
  app.option_defaults()->group("Display");
  app.set_help_flag("-h,--help", "Print this help");
  app.set_version_flag("-V,--version", fmt::format("segdl {}", kVersion), "Print the version");
}

Exit refused(const CLI::App& app, const Mistake& wrong) {
  say("segdl: {}\n       {}\n", wrong.what, wrong.hint.empty() ? "see " + app.get_name() + " --help" : wrong.hint);
  return {kUsage};
}

Exit parse_failed(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) {
    std::ostringstream text;
    app.exit(error, text, text);  // help or version
    return {put_out(text.str()) ? 0 : kLocal};
  }
  return refused(app, mistake(app, error));
}

// Parses the words after the first; how the command ends if they are wrong or only ask for help.
std::optional<Exit> parse_rest(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc - 1, argv + 1);
  } catch (const CLI::ParseError& error) {
    return parse_failed(app, error);
  }
  return std::nullopt;
}

Command read_status_command(int argc, char** argv) {
  CLI::App app;
  StatusCommand command;
  add_status_options(app, command);
  if (const auto exit = parse_rest(app, argc, argv)) return *exit;
  return command;
}

Command read_completion_command(int argc, char** argv) {
  CLI::App app("Prints a shell completion script: source it, or save it where the shell finds it.", "segdl completion");
  std::string shell;
  app.add_option("SHELL", shell, "bash, zsh or fish")->type_name("");
  app.set_help_flag("-h,--help", "Print this help");
  use_help(app, "");
  if (const auto exit = parse_rest(app, argc, argv)) return *exit;
  if (shell == "bash") return PageCommand{Page::bash};
  if (shell == "zsh") return PageCommand{Page::zsh};
  if (shell == "fish") return PageCommand{Page::fish};
  const std::string problem =
      shell.empty() ? "name a shell: bash, zsh or fish" : "'" + shell + "' is not one of bash, zsh, fish";
  return parse_failed(app, CLI::ValidationError("completion", problem));
}

Command read_man_command(int argc, char** argv) {
  CLI::App app("Prints the manual page; view it with: segdl man | man -l -", "segdl man");
  app.set_help_flag("-h,--help", "Print this help");
  use_help(app, "");
  if (const auto exit = parse_rest(app, argc, argv)) return *exit;
  return PageCommand{Page::man};
}

// `segdl help`, `segdl help status` and `segdl version`, which many programs have.
Command read_help_command(int argc, char** argv) {
  const std::string_view second = argc > 2 ? argv[2] : "";
  const bool of_command = std::any_of(command_words().begin(), command_words().end(),
                                      [&](const CommandWords& command) { return second == command.name; });
  std::string option = std::string_view(argv[1]) == "help" ? "--help" : "--version";
  std::vector<char*> words = {argv[0]};
  if (of_command) words.push_back(argv[2]);
  words.push_back(option.data());
  words.push_back(nullptr);
  return read_command_line(static_cast<int>(words.size()) - 1, words.data());
}

}  // namespace

void add_fetch_options(CLI::App& app, FetchCommand& command, Unsettled& rest) {
  app.name("segdl");
  app.description("Fetches files, and after any failure, kill or power cut fetches only what is missing.");
  app.add_option("URL", command.urls, "http or https URL (without a scheme: https); each is a separate download")
      ->type_name("");
  add_list_option(app, command);
  add_output_options(app, command, rest.output);
  add_adopt_option(app, command);
  add_limit_options(app, command);
  add_network_options(app, command, rest.proxy);
  add_http_options(app, command, rest);
  add_auth_options(app, command);
  add_tls_options(app, command.session);
  add_display_options(app, command);
  add_config_options(app, rest);
  add_help_options(app);
  add_harmless_switches(app, rest);
  relate_options(app);
  use_help(app, fetch_footer());
}

void add_status_options(CLI::App& app, StatusCommand& command) {
  app.name("segdl status");
  app.description(
      "Shows what an interrupted download of FILE has on disk, or lists those of a directory. Takes no lock and "
      "changes nothing.");
  app.add_option("FILE", command.files, "Final name of the download, or a directory (default: the current directory)")
      ->type_name("");
  app.add_flag("--json", command.json, "Print JSON, one object for each");
  app.set_help_flag("-h,--help", "Print this help");
  use_help(app, "");
}

Command read_command_line(int argc, char** argv) {
  const std::string_view first = argc > 1 ? argv[1] : "";
  if (first == "status") return read_status_command(argc, argv);
  if (first == "completion") return read_completion_command(argc, argv);
  if (first == "man") return read_man_command(argc, argv);
  if (first == "help" || first == "version") return read_help_command(argc, argv);
  CLI::App app;
  FetchCommand command;
  Unsettled rest;
  add_fetch_options(app, command, rest);
  if (const auto wrong = foreign_call(app, argc, argv)) return refused(app, *wrong);
  try {
    app.parse(argc, argv);
    command.continues = command.continues || rest.continues;
    apply_settings(rest, app);
    if (rest.output) command.request.remote_name = false;  // as in curl and wget, a given name takes precedence
    check_together(command);
    set_proxies(command.session.network, rest.proxy, ::getenv);
    if (rest.output) place_output(*rest.output, command);
    check_adopt(command);
    if (!command.quiet) {
      for (const std::string& warning : rest.warnings) say("segdl: warning: {}\n", warning);
    }
    if (const std::string warning = command.quiet ? "" : warning_of_unfed_output(app, command); !warning.empty())
      say("segdl: warning: {}\n", warning);
    command.quiet = command.quiet || (rest.silent && !command.verbose);
  } catch (const CLI::ParseError& error) {
    return parse_failed(app, error);
  }
  return command;
}

}  // namespace segdl::cli
