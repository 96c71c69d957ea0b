#include "cli/options/config.h"

#include "cli/base/text_of_file.h"
#include "cli/options/config_reader.h"
#include "cli/options/habits.h"
#include "shared/system_calls.h"

#include <segdl/text.h>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <string_view>

namespace segdl::cli {
namespace {

std::optional<std::filesystem::path> absolute_from(const char* variable) {
  const char* const value = std::getenv(variable);
  if (value == nullptr || *value != '/') return std::nullopt;
  return std::filesystem::path(value);
}

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& reason) {
  throw CLI::ValidationError(printable(path.string()), reason);
}

[[noreturn]] void refuse(const std::filesystem::path& path, const ConfigLine& line, const std::string& reason) {
  throw CLI::ValidationError(fmt::format("{}:{}", printable(path.string()), line.number), reason);
}

std::optional<std::string> text_of(const std::filesystem::path& path, bool required) {
  auto text = text_of_file(path, kLargestConfig + 1);
  if (text) return text;
  const int error = errno;
  if (!required && !look_at(path)) return std::nullopt;  // nor if that is unknown
  if (path.empty()) refuse("--config", "empty file name; to read none use --no-config");
  refuse(path, fmt::format("can't be read: {}", std::strerror(error)));
}

bool others_can_read(const std::filesystem::path& path) {
  const auto status = look_at(path);
  return status && (status->st_mode & (S_IRGRP | S_IROTH)) != 0;
}

// Whether a field of that name may contain credentials.
bool may_hold_secret(std::string_view header) {
  constexpr std::array<std::string_view, 7> kParts = {"auth", "cookie", "token", "key", "secret", "pass", "session"};
  std::string name(header.substr(0, header.find(':')));
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::any_of(kParts.begin(), kParts.end(), [&](std::string_view part) { return name.find(part) != name.npos; });
}

bool is_secret(const ConfigLine& line) {
  const bool names_file = line.value.starts_with('@');
  if (line.key == "user") return !names_file;
  if (line.key == "header" && (names_file || may_hold_secret(line.value))) return !names_file;
  return redacted_url(line.value) != printable(line.value);
}

// Whether a switch is on. Off is what it is without the line.
bool is_on(const std::filesystem::path& path, const ConfigLine& line) {
  constexpr std::array<std::string_view, 4> kOn = {"true", "yes", "on", "1"};
  constexpr std::array<std::string_view, 4> kOff = {"false", "no", "off", "0"};
  if (std::find(kOn.begin(), kOn.end(), line.value) != kOn.end()) return true;
  if (std::find(kOff.begin(), kOff.end(), line.value) != kOff.end()) return false;
  refuse(path, line, fmt::format("{} must be yes or no", line.key));
}

CLI::Option& option_of(CLI::App& app, const std::filesystem::path& path, const ConfigLine& line) {
  if (!line.problem.empty()) refuse(path, line, line.problem);
  CLI::Option* const option = app.get_option_no_throw("--" + line.key);
  if (option == nullptr) {
    const std::string_view hint = habit("--" + line.key);
    refuse(path, line, fmt::format("unknown option '--{}'{}{}", line.key, hint.empty() ? "" : ": ", hint));
  }
  if (!option->get_configurable())
    refuse(path, line, fmt::format("--{} is not allowed in a configuration file", line.key));
  if (is_secret(line) && others_can_read(path)) {
    refuse(path, line,
           fmt::format("contains a secret, but other users can read the file: chmod 600 {}", path.string()));
  }
  return *option;
}

void give(CLI::Option& option, const std::filesystem::path& path, const ConfigLine& line) {
  const bool is_switch = option.get_items_expected_max() == 0;
  if (!is_switch && line.bare)
    refuse(path, line, fmt::format("{0} requires a value: {0} = {1}", line.key, option.get_type_name()));
  if (is_switch && !is_on(path, line)) return;
  option.add_result(is_switch ? "true" : line.value);
}

}  // namespace

std::optional<std::filesystem::path> default_config() {
  if (auto home = absolute_from("XDG_CONFIG_HOME")) return *home / "segdl" / "config";
  if (auto home = absolute_from("HOME")) return *home / ".config" / "segdl" / "config";
  return std::nullopt;
}

void apply_config(CLI::App& app, const std::filesystem::path& path, bool required) {
  const auto text = text_of(path, required);
  if (!text) return;
  std::set<const CLI::Option*> given;
  const auto in_command_line = [&](const CLI::Option* option) { return !option->empty() && !given.contains(option); };
  for (const ConfigLine& line : read_config(*text)) {
    CLI::Option& option = option_of(app, path, line);
    const bool repeats = option.get_items_expected_max() > 1;
    const auto& excluded = option.get_excludes();
    if (in_command_line(&option) || std::any_of(excluded.begin(), excluded.end(), in_command_line)) continue;
    if (!given.insert(&option).second && !repeats) refuse(path, line, fmt::format("{} given more than once", line.key));
    for (const CLI::Option* other : excluded) {
      if (!other->empty())
        refuse(path, line, fmt::format("{} and {} are mutually exclusive", line.key, other->get_name()));
    }
    give(option, path, line);
    try {
      if (!option.empty()) option.run_callback();
    } catch (const CLI::ParseError& error) {
      refuse(path, line, error.what());
    }
    if (repeats) option.clear();
  }
}

}  // namespace segdl::cli
