#include "cli/options.h"

#include "cli/auth_options.h"
#include "cli/config.h"
#include "cli/exit_code.h"
#include "cli/network.h"
#include "cli/streams.h"
#include "cli/values.h"

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

namespace segdl::cli {
namespace {

constexpr const char* kFooter = R"(Commands:
  segdl status FILE [--json]  what an interrupted download of FILE has on disk

The same command again continues an interrupted download; of several, add --skip-existing. Sizes take K, M, G
and T; times are in seconds or take ms, s, m and h.

Exit codes: 0 done, 1 internal error, 2 usage, 3 network, 4 refused by the server, 5 TLS, 6 integrity,
7 local file or disk, 8 the resource changed, 9 busy, 10 the output exists, 130/143 interrupted; of several
downloads, that of the first to fail.)";

// What parse makes of the text; a refusal begins with the option's long name.
template <class Parse>
auto parsed(const std::string& names, Parse parse, const std::string& text) {
  try {
    return parse(text);
  } catch (const CLI::ValidationError& error) {
    throw CLI::ValidationError(names.substr(names.rfind(',') + 1), error.what());
  }
}

// An option whose text is parsed by one of our functions.
template <class Value, class Parse>
CLI::Option* add_parsed(CLI::App& app, const std::string& names, Value& value, Parse parse) {
  return app.add_option_function<std::string>(
      names, [&value, parse, names](const std::string& text) { value = parsed(names, parse, text); });
}

std::string parse_list(const std::string& text) {
  if (text.empty()) throw CLI::ValidationError("it is empty");
  return text;
}

// Where settings come from that the command line does not give.
struct ConfigChoice {
  std::optional<std::filesystem::path> file = std::nullopt;
  bool none = false;
};

void add_config_options(CLI::App& app, ConfigChoice& choice) {
  app.add_option("--config", choice.file, "Read settings from this file, not ~/.config/segdl/config")
      ->type_name("FILE")
      ->configurable(false);
  app.add_flag("--no-config", choice.none, "Read no file of settings")->configurable(false);
}

void apply(const ConfigChoice& choice, CLI::App& app) {
  if (choice.none && choice.file) throw CLI::ValidationError("--no-config", "it can't go with --config");
  const auto path = choice.file ? choice.file : default_config();
  if (path && !choice.none) apply_config(app, *path, choice.file.has_value());
}

void add_list_option(CLI::App& app, FetchCommand& command) {
  add_parsed(app, "-i,--input-file", command.list, parse_list)
      ->configurable(false)
      ->type_name("FILE")
      ->description("More URLs, one a line, with or without a TAB and a name; - is standard input");
}

void add_output_options(CLI::App& app, FetchCommand& command, std::optional<Output>& output) {
  Request& request = command.request;
  add_parsed(app, "-o,--output", output, parse_output)
      ->configurable(false)
      ->type_name("FILE")
      ->description("Name of the file; without it, the last part of the URL; - is standard output");
  app.add_option("-d,--directory", request.directory, "Directory to put it in; must exist")->type_name("DIR");
  add_parsed(app, "--segment-size", request.segment_size, parse_size)
      ->type_name("SIZE")
      ->description("Unit of hashing and resuming, a power of two from 16K to 16M");
  app.add_flag("-J,--remote-header-name", request.remote_name, "Let the server name the file (Content-Disposition)");
  app.add_flag("-R,--remote-time", request.remote_time, "Give the file the time that the server says it has");
  app.add_option_function<std::string>(
         "--checksum",
         [&command](const std::string& text) {
           if (text.starts_with('@')) {
             command.checksums = parsed("--checksum", read_checksum_list, text.substr(1));
           } else {
             command.request.checksum = parsed("--checksum", parse_one_checksum, text);
           }
         },
         "What the file must hash to: sha-256, sha-512, sha-1, md5, xxh3-64 or xxh128; @FILE: by name, from a "
         "SHA256SUMS")
      ->type_name("ALGO=HEX");
  app.add_flag("--overwrite", request.overwrite, "Replace an existing file");
  app.add_flag("--skip-existing", command.skip_existing, "An existing file counts as done: for running a list again");
  app.add_flag_callback(
      "--no-resume", [&request] { request.resume = false; }, "Start over instead of continuing");
  add_parsed(app, "--sync", request.sync, parse_sync)
      ->type_name("WHEN")
      ->description("Force to disk: interval (each second or 64 MiB), end, none");
}

void add_http_options(CLI::App& app, FetchCommand& command) {
  SessionOptions& session = command.session;
  Request& request = command.request;
  app.add_option_function<std::vector<std::string>>(
         "-H,--header",
         [&request](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) {
             for (Header& header : parsed("--header", parse_headers, text)) {
               request.headers.push_back(std::move(header));
             }
           }
         },
         "Send 'Name: value'; @FILE has one a line")
      ->type_name("HEADER")
      ->take_all()
      ->allow_extra_args(false);  // one text for each -H: what follows may be the URL
  app.add_option("-A,--user-agent", session.user_agent, "Send this User-Agent")->type_name("NAME");
  add_parsed(app, "-u,--user", request.credentials, parse_credentials)
      ->type_name("NAME:PASS")
      ->description("Basic credentials; @FILE has them in its first line");
  app.add_option("--cacert", session.ca_file, "Trust the certificates in this PEM file only")->type_name("FILE");
  app.add_option("--capath", session.ca_path, "Trust the certificates in this directory only")->type_name("DIR");
  app.add_flag("-k,--insecure", session.insecure, "Accept any certificate");
  app.add_flag("--accept-unframed", request.accept_unframed,
               "Believe the end of a connection to be the end of the file");
}

void add_network_options(CLI::App& app, FetchCommand& command, std::optional<std::string>& proxy) {
  app.add_option_function<std::string>(
         "--proxy", [&proxy](const std::string& text) { proxy = text; },
         "Ask this HTTP proxy; '' asks none, whatever the environment says")
      ->type_name("URL");
  AddressFamily& addresses = command.session.network.addresses;
  const auto only = [&addresses](AddressFamily family) {
    if (addresses != AddressFamily::any) throw CLI::ValidationError("--ipv4", "it can't go with --ipv6");
    addresses = family;
  };
  app.add_flag_callback(
      "-4,--ipv4", [only] { only(AddressFamily::v4); }, "Connect to IPv4 addresses only");
  app.add_flag_callback(
      "-6,--ipv6", [only] { only(AddressFamily::v6); }, "Connect to IPv6 addresses only");
}

void add_limit_options(CLI::App& app, FetchCommand& command) {
  SessionOptions& session = command.session;
  add_parsed(app, "-x,--connections", session.connections, parse_connections)
      ->type_name("N")
      ->description("Connections to one host at once, at most, 1 to 1024; without it, or with auto: as many as help");
  add_parsed(app, "-j,--jobs", session.jobs, parse_positive)
      ->type_name("N")
      ->description("Files under way at once (8)");
  add_parsed(app, "--limit-rate", session.limit_rate, parse_size)
      ->type_name("RATE")
      ->description("Bytes/s at most, all files together; 0: no limit");
  add_parsed(app, "--retries", session.retries, parse_count)
      ->type_name("N")
      ->description("Tries in a row without progress, after the first (5)");
  add_parsed(app, "--timeout", session.timeout, parse_timeout)
      ->type_name("S")
      ->description("Longest silence of a server (15)");
  add_parsed(app, "--connect-timeout", session.connect_timeout, parse_timeout)
      ->type_name("S")
      ->description("Longest time to connect, TLS included (15)");
  add_parsed(app, "--max-time", session.max_time, parse_duration)
      ->type_name("S")
      ->description("Longest time for one file");
  add_parsed(app, "--min-speed", session.min_speed, parse_size)
      ->type_name("RATE")
      ->description("Give a connection up below this many bytes/s over 30 s (1K)");
}

void add_report_options(CLI::App& app, FetchCommand& command) {
  app.add_flag_callback(
      "--json", [&command] { command.json = command.quiet = command.request.events = true; },
      "Tell on standard output what happens, one JSON object a line; errors are told in words as well");
  add_parsed(app, "--progress", command.progress, parse_progress)
      ->type_name("HOW")
      ->description("auto (bar on a terminal, plain elsewhere), bar, plain (a line every 5 s), none");
  app.add_flag("-q,--quiet", command.quiet, "Say nothing but errors");
  app.add_flag("-v,--verbose", command.verbose, "Say what is decided on the way");
}

void check_together(const FetchCommand& command) {
  if (command.urls.empty() && !command.list) throw CLI::RequiredError("URL");
  if (command.request.checksum && (command.urls.size() > 1 || command.list)) {
    throw CLI::ValidationError("--checksum", "one can't serve several URLs; a file that lists one for each name can");
  }
  if (command.skip_existing && command.request.overwrite) {
    throw CLI::ValidationError("--skip-existing", "it can't go with --overwrite");
  }
}

// The directory in -o is relative to -d.
void place_output(const Output& output, FetchCommand& command) {
  if (command.urls.size() > 1 || command.list) {
    throw CLI::ValidationError("--output", output.standard_output
                                               ? "standard output takes one file"
                                               : "one name can't serve several URLs; use -d for a directory");
  }
  if (output.standard_output && command.skip_existing) {
    throw CLI::ValidationError("--skip-existing", "nothing exists already on standard output");
  }
  if (command.request.remote_name) {
    throw CLI::ValidationError("--remote-header-name", "it can't go with --output, which names the file");
  }
  if (output.standard_output && command.json) {
    throw CLI::ValidationError("--json", "standard output can't take both the file and what is told of it");
  }
  command.to_standard_output = output.standard_output;
  command.request.output = output.name;
  if (!output.directory.empty()) command.request.directory /= output.directory;  // an absolute one replaces it
}

Exit parse_failed(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) {
    std::ostringstream text;
    app.exit(error, text, text);  // help or version
    return {put_out(text.str()) ? 0 : kLocal};
  }
  say("segdl: {}\n       see segdl --help\n", redacted_url(error.what()));
  return {kUsage};
}

std::variant<FetchCommand, StatusCommand, Exit> read_status_command(int argc, char** argv) {
  CLI::App app("What an interrupted download of FILE has on disk. Takes no lock and changes nothing.", "segdl status");
  StatusCommand command;
  app.add_option("FILE", command.file, "The name the download is going to have")->required();
  app.add_flag("--json", command.json, "As one JSON object on standard output");
  try {
    app.parse(argc - 1, argv + 1);
  } catch (const CLI::ParseError& error) {
    return parse_failed(app, error);
  }
  return command;
}

void blank(char* text) {
  for (; *text != '\0'; ++text) *text = '*';
}

// Where in a cluster of short options (-kqu...) one with a secret stands, whose value follows; or npos.
std::size_t secret_in_cluster(std::string_view argument) {
  if (!argument.starts_with('-') || argument.starts_with("--")) return std::string_view::npos;
  const auto option = argument.find_first_not_of("46JRkqvVhn", 1);
  const bool secret = option != std::string_view::npos && (argument[option] == 'u' || argument[option] == 'H');
  return secret ? option : std::string_view::npos;
}

void hide_in_url(char* text) {
  const std::string shown = redacted_url(text);
  if (shown == text) return;
  const std::size_t size = std::strlen(text);
  for (std::size_t i = 0; i < size; ++i) text[i] = i < shown.size() ? shown[i] : '\0';
}

}  // namespace

void hide_secrets(int argc, char** argv) {
  bool next_is_secret = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::size_t option = secret_in_cluster(argument);
    if (std::exchange(next_is_secret, false)) {
      blank(argv[i]);
    } else if (argument == "--proxy" && i + 1 < argc) {
      hide_in_proxy(argv[++i]);
    } else if (argument.starts_with("--proxy=")) {
      hide_in_proxy(argv[i] + argument.find('=') + 1);
    } else if (argument == "--user" || argument == "--header" || option == argument.size() - 1) {
      next_is_secret = true;
    } else if (argument.starts_with("--user=") || argument.starts_with("--header=")) {
      blank(argv[i] + argument.find('=') + 1);
    } else if (option != std::string_view::npos) {
      blank(argv[i] + option + 1);
    } else {
      hide_in_url(argv[i]);
    }
  }
}

std::variant<FetchCommand, StatusCommand, Exit> read_command_line(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "status") return read_status_command(argc, argv);
  CLI::App app("Fetches files, and after any failure, kill or power cut fetches only what is missing.", "segdl");
  FetchCommand command;
  std::optional<Output> output;
  std::optional<std::string> proxy;
  app.add_option("URL", command.urls, "http or https (without a scheme: https); each is a download of its own")
      ->type_name("");
  add_list_option(app, command);
  add_output_options(app, command, output);
  add_http_options(app, command);
  add_network_options(app, command, proxy);
  add_auth_options(app, command);
  add_limit_options(app, command);
  add_report_options(app, command);
  app.set_version_flag("-V,--version", fmt::format("segdl {}", kVersion));
  ConfigChoice config;
  add_config_options(app, config);
  app.footer(kFooter);
  try {
    app.parse(argc, argv);
    apply(config, app);
    check_together(command);
    set_proxies(command.session.network, proxy, ::getenv);
    if (output) place_output(*output, command);
  } catch (const CLI::ParseError& error) {
    return parse_failed(app, error);
  }
  return command;
}

}  // namespace segdl::cli
