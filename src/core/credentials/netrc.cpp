#include "core/credentials/netrc.h"

#include "core/base/ascii.h"
#include "core/base/errors.h"
#include "core/url/host.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace segdl {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kKeywords[] = {"machine", "login", "password", "account", "macdef"};  // before a value

Error bad_netrc(std::string reason) { return make_error(Cause::usage, "read netrc", "", std::move(reason)); }

// Hands out the words of the text.
class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {}

  // Nothing at the end of the text.
  Result<std::optional<std::string>> keyword() {
    for (skip_blanks(); text_.starts_with('#'); skip_blanks()) skip_line();
    const bool is_quoted = text_.starts_with('"');
    auto word = read();
    if (word && is_quoted) return problem("a quoted word stands where a keyword is expected");
    return word;
  }

  // The word after `keyword`. A comment sign here is most likely the beginning of a password.
  Result<std::string> value_of(std::string_view keyword) {
    skip_blanks();
    if (text_.starts_with('#')) {
      return problem(fmt::format("what follows {} begins with #: put it in quotes if that is no comment", keyword));
    }
    auto word = read();
    if (!word) return std::move(word).error();
    if (!*word) return problem(fmt::format("nothing follows {}", keyword));
    return **std::move(word);
  }

  void skip_macro() {
    skip_line();
    while (!text_.empty() && !text_.starts_with('\n') && !text_.starts_with("\r\n")) skip_line();
  }

  Error problem(std::string_view what) const { return bad_netrc(fmt::format("line {}: {}", line_, what)); }

 private:
  Result<std::optional<std::string>> read() {
    if (text_.empty()) return std::optional<std::string>();
    if (text_.front() == '"') return quoted();
    const std::string_view word = text_.substr(0, text_.find_first_of(kBlanks));
    return checked(std::string(word), word.size());
  }

  void skip_line() {
    take_until(text_, '\n');
    ++line_;
  }

  void skip_blanks() {
    const std::string_view blanks = text_.substr(0, text_.find_first_not_of(kBlanks));
    line_ += static_cast<std::size_t>(std::ranges::count(blanks, '\n'));
    text_.remove_prefix(blanks.size());
  }

  Result<std::optional<std::string>> quoted() {
    std::string word;
    std::size_t at = 1;
    for (; at < text_.size() && text_[at] != '"' && text_[at] != '\n'; ++at) {
      const bool escaped = text_[at] == '\\' && at + 1 < text_.size() && text_[at + 1] != '\n';
      word += escaped ? unescaped(text_[++at]) : text_[at];
    }
    if (at >= text_.size() || text_[at] != '"') return problem("a quoted word has no end");
    if (at + 1 < text_.size() && kBlanks.find(text_[at + 1]) == std::string_view::npos) {
      return problem("something is attached to the end of a quoted word");
    }
    return checked(std::move(word), at + 1);
  }

  static char unescaped(char c) { return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c; }

  // `size`: of the word in the text.
  Result<std::optional<std::string>> checked(std::string word, std::size_t size) {
    if (size > kMaxNetrcWord) return problem(fmt::format("a word is longer than {} bytes", kMaxNetrcWord));
    if (has_control_but_tab(text_.substr(0, size))) return problem("a word has control characters");
    text_.remove_prefix(size);
    return std::optional(std::move(word));
  }

  std::string_view text_;
  std::size_t line_ = 1;
};

}  // namespace

Result<std::vector<NetrcEntry>> parse_netrc(std::string_view text) {
  if (text.size() > kMaxNetrc) return bad_netrc("it is larger than 1 MiB");
  std::vector<NetrcEntry> entries;
  Words words(text);
  for (;;) {
    auto keyword = words.keyword();
    if (!keyword) return std::move(keyword).error();
    if (!*keyword) return entries;
    if (**keyword == "default") {
      entries.emplace_back();
      continue;
    }
    if (std::ranges::count(kKeywords, **keyword) == 0) {
      return words.problem("machine, default, login, password, account or macdef is expected");
    }
    auto value = words.value_of(**keyword);
    if (!value) return std::move(value).error();
    if (**keyword == "macdef") {
      words.skip_macro();
    } else if (**keyword == "machine") {
      if (value->empty()) return words.problem("the name of a machine is empty");
      entries.push_back({named_host(*value).value_or(lower(*value))});
    } else if (entries.empty()) {
      return words.problem(fmt::format("{} stands before any machine", **keyword));
    } else if (**keyword == "login") {
      entries.back().login = std::move(*value);
    } else if (**keyword == "password") {
      entries.back().password = std::move(*value);
    }
  }
}

const NetrcEntry* find_netrc(std::span<const NetrcEntry> entries, std::string_view host, std::string_view login) {
  for (const std::string_view machine : {host, std::string_view()}) {
    const NetrcEntry* without_login = nullptr;
    for (const NetrcEntry& entry : entries) {
      if (entry.machine != machine) continue;
      if (login.empty() || entry.login == login) return &entry;
      if (without_login == nullptr && entry.login.empty() && !entry.password.empty()) without_login = &entry;
    }
    if (without_login != nullptr) return without_login;
  }
  return nullptr;
}

}  // namespace segdl
