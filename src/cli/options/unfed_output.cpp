#include "cli/options/unfed_output.h"
#include "shared/system_calls.h"

#include <segdl/session.h>
#include <segdl/text.h>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <utility>

namespace segdl::cli {
namespace {

// Options of those who know that it is a file.
constexpr std::array kOfFiles = {
    "--output",        "--directory",   "--input-file", "--remote-name",   "--remote-name-all", "--remote-header-name",
    "--continue",      "--continue-at", "--overwrite",  "--skip-existing", "--update",          "--adopt",
    "--on-done",       "--remote-time", "--no-resume",  "--sync",          "--segment-size",    "--verify",
    "--no-create-dirs"};

// curl's, whose callers expect it there.
constexpr std::array kOfCurl = {"--location", "--fail", "--show-error", "--globoff", "--progress-bar"};

std::optional<struct ::stat> status_of(int descriptor) {
  struct ::stat found {};
  if (retried([&] { return ::fstat(descriptor, &found); }) != 0) return std::nullopt;
  return found;
}

bool may_be_meant_for_data() {
  const auto out = status_of(STDOUT_FILENO);
  if (!out || !(S_ISREG(out->st_mode) || S_ISFIFO(out->st_mode))) return false;
  const auto shown = status_of(STDERR_FILENO);
  return !shown || shown->st_dev != out->st_dev || shown->st_ino != out->st_ino;
}

// What the file is going to be called, as far as it is known.
std::string place_of(const FetchCommand& command) {
  if (command.urls.size() != 1) return "files are saved in the current directory";
  Request request = command.request;
  request.url = command.urls.front();
  const auto name = output_name(request);
  return name ? fmt::format("saving to {}", printable(*name)) : "saving to a file";
}

}  // namespace

std::string warning_of_unfed_output(const CLI::App& app, const FetchCommand& command) {
  const auto is_said = [&](const char* name) { return app.count(name) > 0; };
  if (command.json || (is_said("--silent") && !is_said("--show-error"))) return "";
  if (std::any_of(kOfFiles.begin(), kOfFiles.end(), is_said) || !may_be_meant_for_data()) return "";
  const bool as_curl = std::any_of(kOfCurl.begin(), kOfCurl.end(), is_said);
  if (!as_curl && ::isatty(STDERR_FILENO) == 0) return "";
  return fmt::format("standard output gets no data: {}; to write there use -o -", place_of(command));
}

}  // namespace segdl::cli
