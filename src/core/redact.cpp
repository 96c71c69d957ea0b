// URLs without their secrets: what url.h promises of redacted() and redact().
#include "core/ascii.h"
#include "core/url.h"

#include <algorithm>
#include <array>

namespace segdl {
namespace {

bool is_secret_key(std::string_view key) {
  constexpr std::array<std::string_view, 27> kKeys = {
      "token",    "access_token", "id_token",    "refresh_token", "auth",      "authorization", "key",
      "api_key",  "apikey",       "api-key",     "sig",           "signature", "secret",        "client_secret",
      "password", "passwd",       "pwd",         "session",       "sessionid", "sid",           "code",
      "jwt",      "policy",       "key-pair-id", "hdnts",         "hdnea",     "verify"};
  constexpr std::array<std::string_view, 3> kPrefixes = {"x-amz-", "x-goog-", "x-ms-"};
  const auto matches = [&](std::string_view known) { return same_text(key, known); };
  const auto begins = [&](std::string_view prefix) { return same_text(key.substr(0, prefix.size()), prefix); };
  return std::any_of(kKeys.begin(), kKeys.end(), matches) || std::any_of(kPrefixes.begin(), kPrefixes.end(), begins);
}

std::string redact_query(std::string_view query) {
  std::string out;
  for (bool more = true; more;) {
    const auto end = query.find_first_of("&;");
    const std::string_view pair = query.substr(0, end);
    const auto equals = pair.find('=');
    const bool secret = equals != std::string_view::npos && is_secret_key(pair.substr(0, equals));
    out += secret ? std::string(pair.substr(0, equals)) + "=***" : std::string(pair);
    more = end != std::string_view::npos;
    if (!more) break;
    out += query[end];
    query.remove_prefix(end + 1);
  }
  return out;
}

// One run of text without blanks, which may be a URL.
std::string redact_word(std::string_view word) {
  const auto scheme = word.find("://");
  const std::size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  const auto end = std::min(word.find_first_of("/?#", begin), word.size());
  const auto at = word.substr(0, end).rfind('@');
  std::string out(word.substr(0, begin));
  std::string_view rest = word.substr(begin);
  if (at != std::string_view::npos && at >= begin) {
    out += "***@";
    rest = word.substr(at + 1);
  }
  const auto question = rest.find('?');
  out += rest.substr(0, question);
  if (question == std::string_view::npos) return out;
  out += '?';
  out += redact_query(rest.substr(question + 1));
  return out;
}

}  // namespace

std::string Url::redacted() const {
  std::string whole = text();
  const auto question = whole.find('?');
  if (question == std::string::npos) return whole;
  return whole.substr(0, question) + "?" + redact_query(std::string_view(whole).substr(question + 1));
}

std::string redact(std::string_view text) {
  std::string out;
  for (bool more = true; more;) {
    const auto blank = text.find(' ');
    out += redact_word(text.substr(0, blank));
    more = blank != std::string_view::npos;
    if (more) out += ' ';
    if (more) text.remove_prefix(blank + 1);
  }
  return out;
}

}  // namespace segdl
