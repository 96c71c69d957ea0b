// Cookies, as servers set them and as files of other programs hold them (RFC 6265).
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
  bool host_only = true;    // else for hosts below the domain too
  std::string path = "/";
  bool secure = false;                                             // for https only
  std::optional<std::chrono::sys_seconds> expires = std::nullopt;  // absent: with the session
};

// A file in the form that Netscape began with, curl, wget and browsers' extensions write, and cookies.txt is called. Of
// each line seven fields with a TAB between them: domain, TRUE if hosts below it count, path, TRUE for https only, time
// it expires at (0: with the session), name, value. #HttpOnly_ before a domain means nothing here; other lines with #,
// empty ones and a byte order mark are skipped. So is a line that can't be used, beside others that can: which and why
// is added to `skipped`, with the line's number and nothing of its text. Errors: Cause::usage, if there is none to use.
Result<std::vector<Cookie>> parse_cookies(std::string_view text, std::vector<std::string>* skipped = nullptr);

// The value of a Set-Cookie field in a response from there (RFC 6265 sections 5.2 and 5.3). Nothing if such a cookie
// must not be: without a name, too large, for a domain that the host is not in, for https only though set by http, or
// against what a prefix of its name promises. What has expired comes too, with that date: it removes another.
//
// Whether the domain is one that belongs to nobody in particular (co.uk) is the jar's business.
std::optional<Cookie> parse_set_cookie(std::string_view value, const Url& from, std::chrono::sys_seconds now);

// A date as servers write it, in whatever order (RFC 6265 section 5.1.1).
std::optional<std::chrono::sys_seconds> parse_cookie_date(std::string_view text);

}  // namespace segdl
