#include "core/credentials/challenges.h"

#include "core/base/ascii.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace segdl {
namespace {

class ChallengeReader {
 public:
  explicit ChallengeReader(std::string_view text) : text_(text) {}

  // Skips blanks and commas. False at the end.
  bool next_item() {
    take([](char c) { return is_blank(c) || c == ','; });
    return !text_.empty();
  }

  void skip_blanks() { take(is_blank); }
  bool at(char c) const { return text_.starts_with(c); }
  bool at_end_of_item() const { return text_.empty() || at(','); }
  std::string_view rest_of_item() {
    return take([](char c) { return c != ','; });
  }
  std::string_view token() { return take(is_token_character); }

  // Whether a token68 was skipped, which is then all that the scheme has.
  bool skip_token68() {
    const std::string_view before = text_;
    take([](char c) {
      return is_alpha(c) || is_digit(c) || std::string_view("-._~+/").find(c) != std::string_view::npos;
    });
    take([](char c) { return c == '='; });
    skip_blanks();
    if (at_end_of_item()) return true;
    text_ = before;
    return false;
  }

  // The value after the '=' of a parameter. Nothing: a quoted string that does not end.
  std::optional<std::string> value() {
    text_.remove_prefix(1);
    skip_blanks();
    if (at('"')) return quoted();
    return std::string(trim(rest_of_item()));
  }

 private:
  template <class Predicate>
  std::string_view take(Predicate belongs) {
    const auto end = std::ranges::find_if_not(text_, belongs);
    const std::string_view taken = text_.substr(0, static_cast<std::size_t>(end - text_.begin()));
    text_.remove_prefix(taken.size());
    return taken;
  }

  std::optional<std::string> quoted() {
    std::string value;
    for (text_.remove_prefix(1); !text_.empty(); text_.remove_prefix(1)) {
      if (at('"')) {
        text_.remove_prefix(1);
        return value;
      }
      if (at('\\') && text_.size() > 1) text_.remove_prefix(1);
      value += text_.front();
    }
    return std::nullopt;
  }

  std::string_view text_;
};

}  // namespace

const std::string* Challenge::find(std::string_view name) const {
  const auto found = std::ranges::find_if(parameters, [&](const Field& field) { return same_text(field.name, name); });
  return found == parameters.end() ? nullptr : &found->value;
}

std::vector<Challenge> parse_challenges(std::string_view text) {
  std::vector<Challenge> all;
  std::optional<std::size_t> current;  // whose parameters may follow: not those of a scheme that a comma ended
  ChallengeReader reader(text);
  while (reader.next_item()) {
    const std::string_view name = reader.token();
    if (name.empty()) {
      reader.rest_of_item();
      continue;
    }
    reader.skip_blanks();
    if (reader.at('=')) {
      auto value = reader.value();
      if (!value) break;
      if (!current || all[*current].parameters.size() == kMaxChallenges || all[*current].find(name) != nullptr)
        continue;
      all[*current].parameters.push_back({std::string(name), *std::move(value)});
      continue;
    }
    if (all.size() == kMaxChallenges) break;
    all.push_back({std::string(name)});
    if (!reader.at_end_of_item() && !reader.skip_token68()) current = all.size() - 1;
  }
  return all;
}

std::vector<Challenge> challenges_of(const ResponseHead& head, std::string_view name) {
  std::vector<Challenge> all;
  for (const Field& field : head.fields) {
    if (!same_text(field.name, name)) continue;
    auto more = parse_challenges(field.value);
    std::move(more.begin(), more.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace segdl
