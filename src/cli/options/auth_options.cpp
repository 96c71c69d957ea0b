#include "cli/options/auth_options.h"
#include "shared/system_calls.h"

#include <segdl/text.h>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace segdl::cli {
namespace {

// The default path, as in other programs.
std::filesystem::path usual_netrc() {
  if (const char* named = std::getenv("NETRC"); named != nullptr && *named != '\0') return named;
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    throw CLI::ValidationError("--netrc", "HOME is not set; use --netrc-file FILE");
  }
  return std::filesystem::path(home) / ".netrc";
}

// curl accepts a passphrase after the file's name, which no message may show.
std::string without_passphrase(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos || look_at(text)) return "";
  return fmt::format(
      "a passphrase (after {}:) is not supported; use an unencrypted key that only you can read: (umask 077; "
      "openssl pkey -in FILE -out PLAIN)",
      printable(text.substr(0, colon)));
}

}  // namespace

void add_auth_options(CLI::App& app, FetchCommand& command) {
  app.option_defaults()->group("HTTP");
  SessionOptions& session = command.session;
  app.add_flag_callback(
      "-n,--netrc",
      [&session] {
        if (session.netrc_file.empty()) session.netrc_file = usual_netrc();
      },
      "Read credentials by host from ~/.netrc, or from the file in NETRC");
  app.add_option("--netrc-file", session.netrc_file, "Read credentials by host from this file")->type_name("FILE");
  app.add_option("--load-cookies", session.cookie_file, "Send the cookies in this cookies.txt")->type_name("FILE");
  app.add_option("-E,--cert", session.client_certificate, "Client certificate (PEM)")
      ->type_name("FILE")
      ->check(without_passphrase);
  app.add_option("--key", session.client_key, "Private key of --cert (PEM; default: in the same file)")
      ->type_name("FILE");
  app.add_option("-e,--referer", command.request.referer, "Send this URL as Referer")->type_name("URL");
}

}  // namespace segdl::cli
