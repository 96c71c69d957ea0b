// The meeting place of the layers: the public API on the real system.
#include <segdl/session.h>
#include <segdl/status.h>

#include "core/credentials/cookie.h"
#include "core/credentials/netrc.h"
#include "engine/session/session_state.h"
#include "engine/store/read_status.h"
#include "io/base/real_clock.h"
#include "io/fs/posix_file_system.h"
#include "io/fs/small_file.h"
#include "io/http/http_transport.h"
#include "io/net/public_suffixes.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace segdl {
namespace {

Error with_hint(Error error, Hint hint) {
  if (error.hints.empty()) error.hints = {hint};
  return error;
}

Result<std::vector<NetrcEntry>> read_netrc(const std::filesystem::path& path, std::vector<std::string>& notes) {
  auto text = io::read_small_file(path, kMaxNetrc, io::Secrecy::secret, &notes);
  if (!text) return with_hint(std::move(text).error(), Hint::name_readable_netrc);
  auto parsed = parse_netrc(*text);
  if (parsed) return parsed;
  parsed.error().subject = path.string();
  parsed.error().hints = {Hint::correct_netrc};
  return parsed;
}

Result<std::vector<Cookie>> read_cookies(const std::filesystem::path& path, std::vector<std::string>& notes) {
  auto text = io::read_small_file(path, kMaxCookieFile, io::Secrecy::any);
  if (!text) return with_hint(std::move(text).error(), Hint::name_readable_cookies);
  std::vector<std::string> skipped;
  auto parsed = parse_cookies(*text, skipped);
  if (!parsed) parsed.error().subject = path.string();
  for (const std::string& line : skipped) notes.push_back(path.string() + ": " + line);
  return parsed;
}

Result<engine::GivenCredentials> read_secrets(const SessionOptions& options) {
  engine::GivenCredentials given;
  given.is_public_suffix = io::is_public_suffix;
  if (!options.netrc_file.empty()) {
    auto netrc = read_netrc(options.netrc_file, given.notes);
    if (!netrc) return std::move(netrc).error();
    given.netrc = std::move(*netrc);
  }
  if (!options.cookie_file.empty()) {
    auto cookies = read_cookies(options.cookie_file, given.notes);
    if (!cookies) return std::move(cookies).error();
    given.cookies = std::move(*cookies);
  }
  return given;
}

std::unique_ptr<engine::SessionState> system_state(SessionOptions options) {
  auto clock = std::make_unique<io::RealClock>();
  auto secrets = read_secrets(options);
  const io::TrustOptions trust{options.ca_file, options.ca_path, options.insecure, options.client_certificate,
                               options.client_key};
  auto transport = secrets ? io::make_http_transport(trust, *clock, {options.network})
                           : Result<std::unique_ptr<Transport>>(secrets.error());
  return std::make_unique<engine::SessionState>(
      std::move(options), engine::World{io::make_posix_file_system(), std::move(clock), std::move(transport),
                                        secrets ? std::move(*secrets) : engine::GivenCredentials()});
}

}  // namespace

Session::Session(SessionOptions options) : Session(system_state(std::move(options))) {}

Result<Report> download(Request request, SessionOptions options) {
  Session session(std::move(options));
  auto task = session.download(std::move(request));
  if (!task) return std::move(task).error();
  return task->wait();
}

Result<DownloadStatus> status(const std::filesystem::path& output) {
  const auto files = io::make_posix_file_system();
  return engine::read_status(*files, output);
}

std::filesystem::path journal_path(const std::filesystem::path& output) {
  const auto files = io::make_posix_file_system();
  return engine::journal_path(*files, output);
}

}  // namespace segdl
