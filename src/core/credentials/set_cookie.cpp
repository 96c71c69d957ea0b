#include "core/base/ascii.h"
#include "core/credentials/cookie.h"
#include "core/url/host.h"

#include <algorithm>
#include <utility>

namespace segdl {
namespace {

constexpr std::size_t kMaxAttribute = 1024;

// The text up to the separator, trimmed. Removes both from `text`.
std::string_view take(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return trim(part);
}

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
    std::string_view value = take(text, ';');
    const std::string_view name = take(value, '=');
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

std::optional<Cookie> parse_set_cookie(std::string_view value, const Url& from, std::chrono::sys_seconds now) {
  if (std::any_of(value.begin(), value.end(), [](char c) { return is_control(c) && c != '\t'; })) return std::nullopt;
  std::string_view pair = take(value, ';');
  if (pair.find('=') == std::string_view::npos) return std::nullopt;
  const std::string_view name = take(pair, '=');
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
