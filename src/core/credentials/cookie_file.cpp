#include "core/base/ascii.h"

#include "core/base/errors.h"
#include "core/credentials/cookie.h"
#include "core/url/host.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace segdl {
namespace {

constexpr std::string_view kHttpOnly = "#HttpOnly_";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::size_t kMaxTold = 10;  // skipped lines that are reported
// After the end of the year 9999 nothing expires.
constexpr std::chrono::sys_seconds kLastDate = std::chrono::sys_days(std::chrono::year(9999) / 12 / 31);

Error bad_cookies(std::string reason) { return make_error(Cause::usage, "read cookies", "", std::move(reason)); }

using Fields = std::array<std::string_view, 7>;

// An empty value may be missing with its TAB: editors strip blanks at the ends of lines.
bool split(std::string_view line, Fields& fields) {
  const auto tabs = std::ranges::count(line, '\t');
  for (std::string_view& field : fields) field = take_until(line, '\t');
  return tabs == 6 || tabs == 5;
}

std::optional<bool> flag(std::string_view text) {
  if (same_text(text, "TRUE")) return true;
  if (same_text(text, "FALSE")) return false;
  return std::nullopt;
}

// False if it is no time. Some programs write fractions of a second, and for a session cookie nothing (Python) or a
// negative number.
bool read_time(std::string_view text, std::optional<std::chrono::sys_seconds>& expires) {
  if (text.empty()) return true;
  if (text.front() == '-') return parse_decimal(text.substr(1)).has_value();
  const auto point = text.find('.');
  const auto seconds = parse_decimal(text.substr(0, point));
  const bool fraction_is_sound = point == std::string_view::npos || parse_decimal(text.substr(point + 1)).has_value();
  if (!seconds || !fraction_is_sound) return false;
  const auto last = static_cast<std::uint64_t>(kLastDate.time_since_epoch().count());
  if (*seconds > 0) expires = std::chrono::sys_seconds(std::chrono::seconds(std::min(*seconds, last)));
  return true;
}

// What is wrong with the line, or null.
const char* read_line(std::string_view line, Cookie& cookie) {
  if (has_control_but_tab(line)) return "it has control characters";
  Fields fields;
  if (!split(line, fields)) return "it does not have seven fields separated by TABs";
  auto [domain, below, path, secure, expires, name, value] = fields;
  if (domain.starts_with('.')) domain.remove_prefix(1);
  const auto host = named_host(domain);
  const auto is_below = flag(below);
  const auto is_secure = flag(secure);
  if (!host) return "its domain is not a host";
  if (!is_below || !is_secure) return "a field that must be TRUE or FALSE is neither";
  if (!path.starts_with('/')) return "its path does not begin with /";
  if (!read_time(expires, cookie.expires)) return "the time it expires at is not a number of seconds";
  if (trim(name).empty() || name.find_first_of("=;") != std::string_view::npos ||
      value.find(';') != std::string_view::npos) {
    return "its name or value can't be a cookie's";
  }
  if (name.size() + value.size() > kMaxCookie) return "its cookie is larger than 4096 bytes";
  cookie.name = trim(name);
  cookie.value = trim(value);
  cookie.domain = *host;
  cookie.host_only = !*is_below || parse_ip(*host);
  cookie.path = path;
  cookie.secure = *is_secure;
  return nullptr;
}

}  // namespace

Result<std::vector<Cookie>> parse_cookies(std::string_view text, std::vector<std::string>& skipped) {
  if (text.size() > kMaxCookieFile) return bad_cookies("it is larger than 16 MiB");
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<Cookie> cookies;
  std::string first_problem;
  std::size_t problems = 0;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = take_until(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with(kHttpOnly)) {
      line.remove_prefix(kHttpOnly.size());
    } else if (trim(line).empty() || trim(line).front() == '#') {
      continue;
    }
    Cookie cookie;
    if (const char* problem = read_line(line, cookie)) {
      if (problems++ == 0) first_problem = fmt::format("line {}: {}", number, problem);
      if (problems <= kMaxTold) skipped.push_back(fmt::format("line {} is skipped: {}", number, problem));
      continue;
    }
    cookies.push_back(std::move(cookie));
  }
  if (cookies.empty() && problems > 0) return bad_cookies(first_problem);
  if (problems > kMaxTold) skipped.push_back(fmt::format("{} more lines are skipped", problems - kMaxTold));
  return cookies;
}

}  // namespace segdl
