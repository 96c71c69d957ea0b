#include "cli/options/command_words.h"
#include "shared/system_calls.h"

#include <segdl/text.h>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace segdl::cli {
namespace {

bool is_blank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

// What a shell would interpret at this place, outside of single quotes; or nothing.
std::string_view shell_word_at(std::string_view text, bool quoted) {
  constexpr std::string_view kOperators = "|&;<>()";
  constexpr std::string_view kBehindDollar = "{(@*#?$!_";
  const char c = text.front();
  if (c == '`') return text.substr(0, 1);
  if (c == '$' && text.size() > 1) {
    const bool is_variable =
        std::isalnum(static_cast<unsigned char>(text[1])) != 0 || kBehindDollar.find(text[1]) != std::string_view::npos;
    return is_variable ? text.substr(0, 2) : "";
  }
  return !quoted && kOperators.find(c) != std::string_view::npos ? text.substr(0, 1) : "";
}

// The same at the beginning of a word.
std::string_view shell_word_of(std::string_view text) {
  if (text.starts_with('~')) return text.substr(0, 1);
  const bool is_place = text.starts_with("{}") && (text.size() == 2 || is_blank(text[2]));
  return is_place ? text.substr(0, 2) : "";
}

void refuse_shell(std::string_view word) {
  if (word.empty()) return;
  throw CLI::ValidationError(
      fmt::format("{} needs a shell, and none is used: quote it to pass it unchanged, or use 'sh -c \"COMMAND "
                  "\\\"$0\\\" | OTHER\"', where $0 is the file's path",
                  word));
}

// sh, /bin/bash: quoted text after it is a script for it.
bool is_shell(const std::vector<std::string>& words) { return !words.empty() && words.front().ends_with("sh"); }

// Reads one word from `at` on and moves that past it. In double quotes a shell would expand variables; `script`: they
// are meant for the command.
std::string take_word(const std::string& text, std::size_t& at, bool script) {
  refuse_shell(shell_word_of(std::string_view(text).substr(at)));
  std::string word;
  char quote = '\0';
  for (; at < text.size() && (quote != '\0' || !is_blank(text[at])); ++at) {
    const char c = text[at];
    if (quote != '\'' && c == '\\' && at + 1 < text.size()) {
      word += text[++at];
    } else if (c == quote) {
      quote = '\0';
    } else if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
    } else {
      const bool looks = quote == '\0' || (quote == '"' && !script);
      if (looks) refuse_shell(shell_word_at(std::string_view(text).substr(at), quote == '"'));
      word += c;
    }
  }
  if (quote != '\0') throw CLI::ValidationError(fmt::format("unterminated {}", quote));
  return word;
}

bool is_program(const std::string& path) {
  const auto found = look_at(path);
  return found && S_ISREG(found->st_mode) && retried([&] { return ::access(path.c_str(), X_OK); }) == 0;
}

// Whether it can be started, as far as can be known now: cd and the like are built into shells.
bool is_startable(const std::string& command) {
  if (command.find('/') != std::string::npos) return is_program(command);
  const char* const given = std::getenv("PATH");
  const std::string path = given != nullptr ? given : "/bin:/usr/bin";
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find(':', begin), path.size());
    const std::string directory = path.substr(begin, end - begin);
    if (is_program((directory.empty() ? "." : directory) + "/" + command)) return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace

std::vector<std::string> parse_words(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    if (is_blank(text[at])) {
      ++at;
    } else {
      words.push_back(take_word(text, at, is_shell(words)));
    }
  }
  if (words.empty() || words.front().empty()) throw CLI::ValidationError("empty command");
  if (!is_startable(words.front())) {
    throw CLI::ValidationError(
        fmt::format("{}: command not found; for a shell built-in use sh -c \"COMMAND ...\"", printable(words.front())));
  }
  return words;
}

}  // namespace segdl::cli
