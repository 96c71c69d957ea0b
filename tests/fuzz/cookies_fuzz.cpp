// Cookies as servers set them and as files hold them.
#include "core/credentials/cookie.h"
#include "fuzz/fuzz.h"

#include <chrono>
#include <string>
#include <vector>

using namespace segdl;

namespace {

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'700'000'000)};

bool can_be_sent(const std::string& text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos;
}

void check_sound(const Cookie& cookie) {
  FUZZ_CHECK(!cookie.name.empty() && !cookie.domain.empty());
  FUZZ_CHECK(cookie.path.starts_with('/'));
  FUZZ_CHECK(cookie.name.size() + cookie.value.size() <= kMaxCookie);
  FUZZ_CHECK(can_be_sent(cookie.name) && can_be_sent(cookie.value));
}

void check_set(std::string_view input, const Url& from) {
  const auto cookie = parse_set_cookie(input, from, kNow);
  if (!cookie) return;
  check_sound(*cookie);
  const std::string& host = from.origin.host;
  FUZZ_CHECK(host == cookie->domain || (!cookie->host_only && host.ends_with("." + cookie->domain)));
  FUZZ_CHECK(!cookie->secure || from.origin.secure);
  FUZZ_CHECK(!cookie->expires || *cookie->expires <= kNow + kMaxCookieAge);
}

}  // namespace

void fuzz(std::string_view input) {
  static const Url plain = *parse_url("http://a.example.org/b/c");
  static const Url secure = *parse_url("https://a.example.org/b/c");
  check_set(input, plain);
  check_set(input, secure);
  static_cast<void>(parse_cookie_date(input));
  std::vector<std::string> skipped;
  const auto cookies = parse_cookies(input, skipped);
  if (!cookies) {
    FUZZ_CHECK(cookies.error().cause == Cause::usage);
    return;
  }
  for (const Cookie& cookie : *cookies) check_sound(cookie);
}
