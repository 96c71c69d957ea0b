#include "cli/help/option_table.h"

#include <CLI/CLI.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace segdl::cli {
namespace {

constexpr std::string_view kCapitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

std::vector<std::string> alternatives(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < text.size();) {
    const auto bar = std::min(text.find('|', at), text.size());
    parts.push_back(text.substr(at, bar - at));
    at = bar + 1;
  }
  return parts;
}

OptionWords words_of(const CLI::Option& option) {
  OptionWords words;
  for (const std::string& name : option.get_snames()) words.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) words.names.push_back("--" + name);
  if (words.names.empty()) words.names.push_back(option.get_name(true));
  if (option.get_type_size() != 0) {
    const std::string type = option.get_type_name();
    words.values = alternatives(type);
    words.shown = option.get_option_text().empty() ? type : option.get_option_text();
  }
  words.description = option.get_description();
  words.again = option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll ||
                option.get_expected_max() >= CLI::detail::expected_max_vector_size;
  return words;
}

}  // namespace

std::vector<OptionGroup> option_groups(const CLI::App& app) {
  std::vector<OptionGroup> groups;
  for (const CLI::Option* option : app.get_options()) {
    const std::string& name = option->get_group();
    if (!option->nonpositional() || name.empty()) continue;  // an option without a group is hidden
    auto group = std::find_if(groups.begin(), groups.end(), [&](const OptionGroup& g) { return g.name == name; });
    if (group == groups.end()) group = groups.insert(groups.end(), {name});
    group->options.push_back(words_of(*option));
  }
  return groups;
}

std::vector<OptionWords> operands(const CLI::App& app) {
  std::vector<OptionWords> found;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->nonpositional()) found.push_back(words_of(*option));
  }
  return found;
}

std::string heading(const OptionWords& option) {
  const std::string names = fmt::format("{}", fmt::join(option.names, ", "));
  return option.shown.empty() ? names : names + " " + option.shown;
}

std::string offered(const std::string& alternative) {
  const auto capital = alternative.find_first_of(kCapitals);
  return capital == std::string::npos ? alternative : alternative.substr(0, capital);
}

char disk_kind(const std::string& alternative) {
  const std::string_view rest = std::string_view(alternative).substr(offered(alternative).size());
  return rest == "FILE" ? 'f' : rest == "DIR" ? 'd' : '\0';
}

}  // namespace segdl::cli
