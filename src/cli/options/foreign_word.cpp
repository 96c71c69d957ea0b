#include "cli/options/foreign_word.h"

#include "cli/help/help.h"
#include "cli/options/mistakes.h"
#include "shared/system_calls.h"
#include "shared/url_word.h"

#include <segdl/text.h>

#include <fmt/format.h>

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

namespace segdl::cli {
namespace {

// Whether a host may be meant.
bool is_name(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; }) &&
         !std::all_of(text.begin(), text.end(), [](char c) { return ('0' <= c && c <= '9') || c == '-'; });
}

// Words that are not URLs, and what their user may want.
constexpr std::pair<std::string_view, std::string_view> kWords[] = {
    {" help usage ", "use segdl --help"},
    {" version ", "use segdl --version"},
    {" list import ", "for a list of URLs use segdl -i FILE"},
    {" get download fetch dl start add url pull save wget curl aria2c axel ", "omit it: segdl URL"},
    {" resume continue retry restart unpause ", "omit it: the same command continues"},
    {" pause stop cancel kill quit exit remove ", "press Ctrl-C to stop a download; the same command continues it"},
    {" verify check checksum hash test ", "use segdl --checksum ALGO=HEX URL, or --verify"},
    {" clean clear purge delete rm ", "remove NAME.part and NAME.segdl of the interrupted download"},
    {" update sync refresh ", "use segdl --update URL"},
    {" serve daemon queue batch ", "use nohup segdl -i LIST ... &"},
    {" config settings ", "use --config FILE, or see the manual: segdl man | man -l -"},
    {" info show ls ps progress ", "use segdl status [FILE]"},
};

std::string hint_of_word(const std::string& word) {
  std::string nearest;
  std::size_t least = 3;
  for (const CommandWords& command : command_words()) {
    const std::size_t far = distance(word, command.name);
    if (word == command.name) return fmt::format("put the command first: segdl {} ...", word);
    if (far < least && 2 * far < word.size()) nearest = command.name, least = far;
  }
  for (const auto& [words, hint] : kWords) {
    if (words.find(fmt::format(" {} ", word)) != std::string_view::npos) return std::string(hint);
  }
  return nearest.empty() ? "" : fmt::format("did you mean segdl {} ...?", nearest);
}

// What is wrong with a word that looks like a URL and is none; else nothing.
std::optional<Mistake> nearly_url(const std::string& word) {
  const std::string shown = redacted_url(word);
  if (word.size() > 1 && std::string_view("'\"<(`").find(word.front()) != std::string_view::npos) {
    return Mistake{shown + " is in quotes or brackets", "remove them"};
  }
  if (word.starts_with("http//") || word.starts_with("https//")) {
    const auto slashes = word.find("//");
    return Mistake{shown + " lacks a colon",
                   fmt::format("use {}:{}", word.substr(0, slashes), redacted_url(word.substr(slashes)))};
  }
  if (word.starts_with('/') || word.starts_with("./") || word.starts_with("../") || word.starts_with("~/")) {
    return Mistake{shown + " is a path, not a URL",
                   "to read URLs from a file use -i FILE; to choose where files go, -d DIR or -o FILE"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Mistake> foreign_word(const std::string& word) {
  const std::string shown = redacted_url(word);
  if (auto wrong = nearly_url(word)) return wrong;
  if (!is_like_url(word)) {
    std::string hint = hint_of_word(word);
    if (!is_name(word)) return Mistake{shown + " is not a URL", "expected https://host/path"};
    if (hint.empty()) hint = "nor a command: see segdl --help";
    return Mistake{shown + " is not a URL", fmt::format("{}; for a host of that name use https://{}/", hint, shown)};
  }
  if (word.starts_with('[') && word.ends_with(']')) {  // parsed as a list
    return Mistake{shown + " is an address without a scheme", fmt::format("use https://{}/", shown)};
  }
  const bool may_be_host = word.find_first_of("/:") == std::string::npos;
  const auto found = may_be_host ? look_at(word) : std::nullopt;
  if (!found || !S_ISREG(found->st_mode)) return std::nullopt;
  return Mistake{shown + " is a file, not a URL",
                 fmt::format("to read URLs from it use -i {0}; for a host of that name https://{0}/", shown)};
}

}  // namespace segdl::cli
