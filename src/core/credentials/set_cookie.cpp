#include "core/base/ascii.h"
#include "core/credentials/cookie.h"
#include "core/url/host.h"

#include <algorithm>
#include <array>

namespace segdl {
namespace {

constexpr std::size_t kMaxAttribute = 1024;

// Of dates, by RFC 6265 section 5.1.1, which accepts more than HTTP's own forms.
bool is_delimiter(char c) { return c == '\t' || (c >= ' ' && c <= '~' && !is_alpha(c) && !is_digit(c) && c != ':'); }

// Removes a number from the start of the text: at least `least` and at most `most` digits.
std::optional<int> take_number(std::string_view& text, std::size_t least, std::size_t most) {
  const auto digits = static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
  if (digits < least || digits > most) return std::nullopt;
  const auto value = static_cast<int>(*parse_decimal(text.substr(0, digits)));
  text.remove_prefix(digits);
  return value;
}

std::optional<std::chrono::seconds> time_of(std::string_view token) {
  std::array<int, 3> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0 && !token.starts_with(':')) return std::nullopt;
    if (i > 0) token.remove_prefix(1);
    const auto part = take_number(token, 1, 2);
    if (!part) return std::nullopt;
    parts.at(i) = *part;
  }
  if (parts[0] > 23 || parts[1] > 59 || parts[2] > 59) return std::nullopt;
  return std::chrono::hours(parts[0]) + std::chrono::minutes(parts[1]) + std::chrono::seconds(parts[2]);
}

std::optional<unsigned> month_of(std::string_view token) {
  constexpr std::array<std::string_view, 12> kNames = {"jan", "feb", "mar", "apr", "may", "jun",
                                                       "jul", "aug", "sep", "oct", "nov", "dec"};
  const auto* const found =
      std::ranges::find_if(kNames, [&](std::string_view name) { return same_text(name, token.substr(0, 3)); });
  if (found == kNames.end()) return std::nullopt;
  return static_cast<unsigned>(found - kNames.begin()) + 1;
}

struct DateParts {
  std::optional<std::chrono::seconds> time;
  std::optional<int> day;
  std::optional<unsigned> month;
  std::optional<int> year;

  // Each token becomes the first part that it can be and that is still missing.
  void take(std::string_view token) {
    if (!time && (time = time_of(token))) return;
    std::string_view rest = token;
    if (!day && (day = take_number(rest, 1, 2))) return;
    if (!month && (month = month_of(token))) return;
    if (!year) year = take_number(rest = token, 2, 4);
  }
};

// RFC 6265 section 5.1.4.
std::string default_path(std::string_view target) {
  target = target.substr(0, target.find('?'));
  const auto last = target.rfind('/');
  return std::string(last == 0 || last == std::string_view::npos ? "/" : target.substr(0, last));
}

std::optional<std::chrono::sys_seconds> date_after(std::string_view digits, std::chrono::sys_seconds now) {
  const bool negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
  const std::uint64_t most = static_cast<std::uint64_t>(std::chrono::seconds(kMaxCookieAge).count());
  const std::uint64_t age = std::min(parse_decimal(digits).value_or(most), most);
  if (negative || age == 0) return std::chrono::sys_seconds();
  return now + std::chrono::seconds(age);
}

struct Attributes {
  std::string_view domain, path;
  bool secure = false;
  std::optional<std::chrono::sys_seconds> expires, ages;  // ages: by Max-Age, which takes precedence
};

// Of a repeated attribute the last counts.
Attributes attributes_of(std::string_view text, std::chrono::sys_seconds now) {
  Attributes found;
  while (!text.empty()) {
    std::string_view value = take_until(text, ';');
    const std::string_view name = trim(take_until(value, '='));
    value = trim(value);
    if (value.size() > kMaxAttribute) continue;
    if (same_text(name, "Domain") && !value.empty()) found.domain = value;
    if (same_text(name, "Path")) found.path = value;
    if (same_text(name, "Secure")) found.secure = true;
    if (same_text(name, "Expires")) {
      if (const auto date = parse_cookie_date(value)) found.expires = std::min(*date, now + kMaxCookieAge);
    }
    if (same_text(name, "Max-Age")) {
      if (const auto date = date_after(value, now)) found.ages = date;
    }
  }
  return found;
}

// False if the host must not set a cookie for this domain.
bool set_domain(Cookie& cookie, std::string_view wanted, const std::string& host) {
  cookie.domain = host;
  if (wanted.empty()) return true;
  if (wanted.starts_with('.')) wanted.remove_prefix(1);
  const auto domain = named_host(wanted);
  if (!domain || !is_in_domain(host, *domain)) return false;
  const bool is_one_label = domain->find('.') == std::string::npos;
  if (is_one_label || parse_ip(*domain)) return *domain == host;
  cookie.domain = *domain;
  cookie.host_only = false;
  return true;
}

// draft-ietf-httpbis-rfc6265bis section 4.1.3.
bool keeps_promise(const Cookie& cookie) {
  const auto begins = [&](std::string_view prefix) {
    return same_text(std::string_view(cookie.name).substr(0, prefix.size()), prefix);
  };
  if (begins("__Host-")) return cookie.secure && cookie.host_only && cookie.path == "/";
  return cookie.secure || !begins("__Secure-");
}

}  // namespace

std::optional<std::chrono::sys_seconds> parse_cookie_date(std::string_view text) {
  DateParts parts;
  while (!text.empty()) {
    const auto end = static_cast<std::size_t>(std::ranges::find_if(text, is_delimiter) - text.begin());
    if (end > 0) parts.take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (!parts.time || !parts.day || !parts.month || !parts.year) return std::nullopt;
  int year = *parts.year;
  if (year < 100) year += year < 70 ? 2000 : 1900;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(*parts.month),
                                         std::chrono::day(static_cast<unsigned>(*parts.day))};
  if (year < 1601 || !date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + *parts.time;
}

std::optional<Cookie> parse_set_cookie(std::string_view value, const Url& from, std::chrono::sys_seconds now) {
  if (has_control_but_tab(value)) return std::nullopt;
  std::string_view pair = take_until(value, ';');
  if (pair.find('=') == std::string_view::npos) return std::nullopt;
  const std::string_view name = trim(take_until(pair, '='));
  pair = trim(pair);
  if (name.empty() || name.size() + pair.size() > kMaxCookie) return std::nullopt;
  const Attributes attributes = attributes_of(value, now);
  Cookie cookie;
  cookie.name = name;
  cookie.value = pair;
  if (!set_domain(cookie, attributes.domain, from.origin.host)) return std::nullopt;
  cookie.path = attributes.path.starts_with('/') ? std::string(attributes.path) : default_path(from.target);
  cookie.secure = attributes.secure;
  cookie.expires = attributes.ages ? attributes.ages : attributes.expires;
  if ((cookie.secure && !from.origin.secure) || !keeps_promise(cookie)) return std::nullopt;
  return cookie;
}

}  // namespace segdl
