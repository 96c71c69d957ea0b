#include "cli/options/mistakes.h"

#include "cli/help/option_table.h"
#include "cli/options/habits.h"

#include <segdl/text.h>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string_view>
#include <vector>

namespace segdl::cli {
namespace {

// The long option that begins so, or differs by at most two letters, or none.
std::string nearest(const CLI::App& app, const std::string& name) {
  std::string best;
  std::size_t least = 3;
  if (name.size() < 5) return best;
  for (const OptionGroup& group : option_groups(app)) {
    for (const OptionWords& option : group.options) {
      const std::string& own = option.names.back();
      const std::size_t far = own.starts_with(name) ? 0 : distance(name, own);
      if (far < least) best = own, least = far;
    }
  }
  return best;
}

Mistake unknown(const CLI::App& app) {
  const auto rest = app.remaining();
  const auto found = std::find_if(rest.begin(), rest.end(), [](const auto& word) { return word.starts_with('-'); });
  if (found == rest.end())
    return {fmt::format("unexpected argument '{}'", rest.empty() ? "" : redacted_url(rest.front()))};
  const bool is_long = found->starts_with("--");
  const std::string name = printable(found->substr(0, is_long ? found->find('=') : 2));
  Mistake mistake{fmt::format("unknown option '{}'", name)};
  if (const auto hint = habit(name); !hint.empty()) {
    mistake.hint = hint;
  } else if (const std::string near = nearest(app, name); !near.empty()) {
    mistake.hint = fmt::format("did you mean {}?", near);
  }
  return mistake;
}

// The option with its value, as it must be written.
std::string usage_of(const CLI::App& app, std::string_view name) {
  for (const OptionGroup& group : option_groups(app)) {
    for (const OptionWords& option : group.options) {
      if (option.names.back() == name) return fmt::format("{} {}", name, option.shown);
    }
  }
  return std::string(name);
}

Mistake twice(const std::string& name) {
  Mistake mistake{name + " given more than once"};
  if (name == "--output") mistake.hint = "to name several downloads, use -i FILE with lines of a URL, a TAB and a name";
  return mistake;
}

// "Could not convert: --json = x"
std::string switch_of(const std::string& words) {
  const auto begin = words.find("--");
  return begin == std::string::npos ? redacted_url(words)
                                    : printable(words.substr(begin, words.find(' ', begin) - begin));
}

}  // namespace

std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t corner = row[0]++;
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = corner + (from[i] == to[j] ? 0 : 1);
      corner = row[j + 1];
      row[j + 1] = std::min({replaced, corner + 1, row[j] + 1});
    }
  }
  return row.back();
}

Mistake mistake(const CLI::App& app, const CLI::ParseError& error) {
  const std::string words = error.what();
  const auto begins = words.substr(0, words.find(": "));
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) return unknown(app);
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    if (words.ends_with(" missing")) return {begins + " requires a value", "usage: " + usage_of(app, begins)};
    if (words.find(": At Most ") != std::string::npos) return twice(begins);
  }
  if (dynamic_cast<const CLI::ExcludesError*>(&error) != nullptr) {
    constexpr std::string_view kBetween = " excludes ";
    const auto end = words.find(kBetween);
    return {fmt::format("{} and {} are mutually exclusive", words.substr(0, end), words.substr(end + kBetween.size()))};
  }
  // Only switches are converted by the library.
  if (dynamic_cast<const CLI::ConversionError*>(&error) != nullptr) return {switch_of(words) + " takes no value"};
  return {redacted_url(words)};
}

}  // namespace segdl::cli
