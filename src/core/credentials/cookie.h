// Cookies: those that servers set and those in files of other programs (RFC 6265).
#pragma once

#include <segdl/error.h>

#include "core/url/url.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace segdl {

inline constexpr std::size_t kMaxCookie = 4096;  // name and value together
inline constexpr std::size_t kMaxCookieFile = 16 * 1024 * 1024;
inline constexpr std::chrono::hours kMaxCookieAge{400 * 24};  // draft-ietf-httpbis-rfc6265bis section 5.5

struct Cookie {
  std::string name = {};
  std::string value = {};
  std::string domain = {};  // a host as in Origin::host
  bool host_only = true;    // else also for hosts below the domain
  std::string path = "/";
  bool secure = false;                                             // for https only
  std::optional<std::chrono::sys_seconds> expires = std::nullopt;  // absent: expires with the session
};

// A file in the Netscape format, as curl, wget and browsers' extensions write it (cookies.txt).
// A line has seven fields separated by TAB: domain, TRUE if hosts below it are included, path, TRUE for https only,
// time of expiry (0: with the session), name, value.
// The prefix #HttpOnly_ of a domain is ignored. Other lines with #, empty ones and a byte order mark are skipped.
// So is a malformed line if another line is usable: its number and what is wrong, but nothing of its text, is added to
// `skipped`.
// Errors: Cause::usage, if no line is usable.
Result<std::vector<Cookie>> parse_cookies(std::string_view text, std::vector<std::string>& skipped);

// The cookie of a Set-Cookie field in a response from `from` (RFC 6265 sections 5.2 and 5.3).
// Nothing if it must be rejected: it has no name, is too large, is for a domain that the host is not in, is for https
// only though set by http, or breaks the rule of a prefix of its name.
// An expired cookie is returned too, with its date: it removes the stored one.
//
// Public suffixes (co.uk) are checked by the jar.
std::optional<Cookie> parse_set_cookie(std::string_view value, const Url& from, std::chrono::sys_seconds now);

// A date in any of the orders that servers use (RFC 6265 section 5.1.1).
std::optional<std::chrono::sys_seconds> parse_cookie_date(std::string_view text);

}  // namespace segdl
