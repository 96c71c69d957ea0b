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

Error bad_netrc(std::string reason) { return make_error(Cause::usage, "read netrc", "", std::move(reason)); }

// Hands out the words of the text.
class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {}

  struct Word {
    std::string text = {};
    bool quoted = false;
  };

  // Nothing at the end of the text.
  Result<std::optional<Word>> next() {
    skip_blanks_and_comments();
    return read();
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
    return std::move((*word)->text);
  }

  void skip_macro() {
    skip_line();
    while (!text_.empty() && !text_.starts_with('\n') && !text_.starts_with("\r\n")) skip_line();
  }

  Error problem(std::string_view what) const { return bad_netrc(fmt::format("line {}: {}", line_, what)); }

 private:
  Result<std::optional<Word>> read() {
    if (text_.empty()) return std::optional<Word>();
    return text_.front() == '"' ? quoted() : plain();
  }

  void skip_line() {
    const auto end = text_.find('\n');
    text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
    ++line_;
  }

  void skip_blanks() {
    while (!text_.empty() && kBlanks.find(text_.front()) != std::string_view::npos) {
      if (text_.front() == '\n') ++line_;
      text_.remove_prefix(1);
    }
  }

  void skip_blanks_and_comments() {
    skip_blanks();
    while (text_.starts_with('#')) {
      skip_line();
      skip_blanks();
    }
  }

  Result<std::optional<Word>> plain() {
    return checked({std::string(text_.substr(0, text_.find_first_of(kBlanks))), false}, 0);
  }

  Result<std::optional<Word>> quoted() {
    Word word{"", true};
    std::size_t at = 1;
    for (; at < text_.size() && text_[at] != '"' && text_[at] != '\n'; ++at) {
      const bool escaped = text_[at] == '\\' && at + 1 < text_.size() && text_[at + 1] != '\n';
      word.text += escaped ? unescaped(text_[++at]) : text_[at];
    }
    if (at >= text_.size() || text_[at] != '"') return problem("a quoted word has no end");
    const std::string_view rest = text_.substr(at + 1);
    if (!rest.empty() && kBlanks.find(rest.front()) == std::string_view::npos) {
      return problem("something is attached to the end of a quoted word");
    }
    return checked(std::move(word), at + 1);
  }

  static char unescaped(char c) { return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c; }

  // `size`: of the word in the text; 0: that of the word itself.
  Result<std::optional<Word>> checked(Word word, std::size_t size) {
    const std::string_view source = text_.substr(0, size == 0 ? word.text.size() : size);
    if (source.size() > kMaxNetrcWord) return problem(fmt::format("a word is longer than {} bytes", kMaxNetrcWord));
    if (std::any_of(source.begin(), source.end(), [](char c) { return is_control(c) && c != '\t'; })) {
      return problem("a word has control characters");
    }
    text_.remove_prefix(source.size());
    return std::optional<Word>(std::move(word));
  }

  std::string_view text_;
  std::size_t line_ = 1;
};

// One keyword and its values.
Result<void> take(const Words::Word& keyword, Words& words, std::vector<NetrcEntry>& entries) {
  if (keyword.quoted) return words.problem("a quoted word stands where a keyword is expected");
  if (keyword.text == "default") {
    entries.emplace_back();
    return {};
  }
  const bool known = keyword.text == "machine" || keyword.text == "login" || keyword.text == "password" ||
                     keyword.text == "account" || keyword.text == "macdef";
  if (!known) return words.problem("machine, default, login, password, account or macdef is expected");
  auto value = words.value_of(keyword.text);
  if (!value) return std::move(value).error();
  if (keyword.text == "macdef") {
    words.skip_macro();
    return {};
  }
  if (keyword.text == "machine") {
    if (value->empty()) return words.problem("the name of a machine is empty");
    entries.push_back({named_host(*value).value_or(lower(*value))});
    return {};
  }
  if (entries.empty()) return words.problem(fmt::format("{} stands before any machine", keyword.text));
  if (keyword.text == "login") entries.back().login = std::move(*value);
  if (keyword.text == "password") entries.back().password = std::move(*value);
  return {};
}

}  // namespace

Result<std::vector<NetrcEntry>> parse_netrc(std::string_view text) {
  if (text.size() > kMaxNetrc) return bad_netrc("it is larger than 1 MiB");
  std::vector<NetrcEntry> entries;
  Words words(text);
  for (;;) {
    auto word = words.next();
    if (!word) return std::move(word).error();
    if (!*word) return entries;
    auto taken = take(**word, words, entries);
    if (!taken) return std::move(taken).error();
  }
}

const NetrcEntry* find_netrc(std::span<const NetrcEntry> entries, std::string_view host, std::string_view login) {
  const auto first = [&](std::string_view machine, auto fits) -> const NetrcEntry* {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const NetrcEntry& entry) { return entry.machine == machine && fits(entry); });
    return found == entries.end() ? nullptr : &*found;
  };
  const auto first_of = [&](std::string_view machine) {
    const auto* const own =
        first(machine, [&](const NetrcEntry& entry) { return login.empty() || entry.login == login; });
    if (own != nullptr) return own;
    return first(machine, [](const NetrcEntry& entry) { return entry.login.empty() && !entry.password.empty(); });
  };
  const NetrcEntry* own = first_of(host);
  return own != nullptr ? own : first_of("");
}

}  // namespace segdl
