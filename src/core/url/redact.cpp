// URLs as text, for display, disk and comparison, without their secrets: <segdl/text.h>, and of url.h redacted(),
// shown() and redact().
#include <segdl/text.h>

#include "core/base/ascii.h"
#include "core/base/escape.h"
#include "core/url/idn.h"
#include "core/url/url.h"

#include <algorithm>
#include <array>

namespace segdl {
namespace {

// Servers decode escapes in keys, so this does too.
bool is_secret_key(std::string_view raw) {
  constexpr std::array<std::string_view, 13> kKeys = {"auth",  "authorization", "key",   "sig",    "pwd",
                                                      "sid",   "code",          "jwt",   "policy", "key-pair-id",
                                                      "hdnts", "hdnea",         "verify"};
  constexpr std::array<std::string_view, 8> kParts = {"token", "secret", "signature", "session",
                                                      "passw", "apikey", "api_key",   "api-key"};
  constexpr std::array<std::string_view, 3> kPrefixes = {"x-amz-", "x-goog-", "x-ms-"};
  const std::string key = lower(percent_decoded(raw));
  const auto contains = [&](std::string_view part) { return key.find(part) != std::string::npos; };
  const auto begins = [&](std::string_view prefix) { return key.starts_with(prefix); };
  return std::ranges::find(kKeys, key) != kKeys.end() || std::ranges::any_of(kParts, contains) ||
         std::ranges::any_of(kPrefixes, begins);
}

// Redacts the secret values of KEY=VALUE pairs between these separators. A '/' ends a value: a component of a path
// begins there.
std::string redact_pairs(std::string_view text, const char* separators) {
  std::string out;
  char before = '/';
  for (;;) {
    const auto end = text.find_first_of(separators);
    const std::string_view pair = text.substr(0, end);
    const auto equals = pair.find('=');
    const bool secret = before != '/' && equals != std::string_view::npos && is_secret_key(pair.substr(0, equals));
    out += secret ? std::string(pair.substr(0, equals)) + "=***" : std::string(pair);
    if (end == std::string_view::npos) return out;
    before = text[end];
    out += before;
    text.remove_prefix(end + 1);
  }
}

// A path, whose components may have parameters (/f;jsessionid=...), and a query and fragment.
std::string redact_rest(std::string_view rest) {
  const auto path_end = std::min(rest.find_first_of("?#"), rest.size());
  return redact_pairs(rest.substr(0, path_end), ";/") + redact_pairs(rest.substr(path_end), "?#&;");
}

// The offset of the authority of a URL: after its scheme and slashes (a malformed URL has too few, or backslashes), or
// after the slashes of a reference without a scheme.
std::size_t authority_of(std::string_view word) {
  const auto is_slash = [](char c) { return c == '/' || c == '\\'; };
  const auto colon = word.find(':');
  const bool has_scheme = colon != std::string_view::npos && colon + 1 < word.size() && is_slash(word[colon + 1]) &&
                          word.substr(0, colon).find_first_of("/\\?#@") == std::string_view::npos;
  std::size_t begin = has_scheme ? colon + 1 : 0;
  if (!has_scheme && (word.size() < 2 || !is_slash(word[0]) || !is_slash(word[1]))) return 0;
  while (begin < word.size() && is_slash(word[begin])) ++begin;
  return begin;
}

// Whether a userinfo began and did not end within the authority: the text after the colon is no port.
// A password may contain characters that should have been escaped.
bool is_open(std::string_view word) {
  const std::size_t begin = authority_of(word);
  const auto authority = word.substr(begin, word.find_first_of("/?#", begin) - begin);
  const auto colon = authority.find(':');
  return begin > 0 && colon != std::string_view::npos && authority.find_first_of("@[") == std::string_view::npos &&
         (colon + 1 == authority.size() || authority.find_first_not_of("0123456789", colon + 1) != authority.npos);
}

// One run of text without blanks (except those of a password), which may be a URL.
std::string redact_word(std::string_view word) {
  const std::size_t begin = authority_of(word);
  const auto end = is_open(word) ? word.size() : std::min(word.find_first_of("/?#", begin), word.size());
  const auto at = word.substr(0, end).rfind('@');
  std::string out(word.substr(0, begin));
  std::string_view rest = word.substr(begin);
  if (at != std::string_view::npos && at > begin) {  // an empty one hides nothing
    out += "***@";
    rest = word.substr(at + 1);
  }
  return out + redact_rest(rest);
}

}  // namespace

std::string Url::redacted() const { return redact_rest(text()); }

std::string Url::shown() const {
  Url readable = *this;
  readable.origin.host = shown_host(origin.host);
  return readable.redacted();
}

std::string redact(std::string_view text) {
  std::string out;
  for (;;) {
    auto blank = text.find(' ');
    const auto at = blank != std::string_view::npos && is_open(text.substr(0, blank)) ? text.find('@', blank) : blank;
    if (at != std::string_view::npos) blank = text.find(' ', at);
    out += redact_word(text.substr(0, blank));
    if (blank == std::string_view::npos) return out;
    out += ' ';
    text.remove_prefix(blank + 1);
  }
}

std::string printable(std::string_view foreign) { return escape(foreign); }

std::string redacted_url(std::string_view url) { return escape(redact(url)); }

std::string comparable_url(std::string_view url) {
  const auto parsed = parse_url(url);
  if (!parsed) return std::string(url);
  if (!parsed->has_userinfo) return parsed->text();
  return parsed->text() + '\n' + std::to_string(parsed->user.size()) + '\n' + parsed->user + parsed->password;
}

}  // namespace segdl
