// What a Set-Cookie field and a line of cookies.txt mean, and what is refused.
#include "core/credentials/cookie.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <string>

using namespace segdl;

namespace {

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'700'000'000)};
constexpr std::int64_t kMaxAge = 400 * 86400;

// "name=value domain path", with . before the domain if hosts below it count, and secure; "none" if it is refused.
std::string words(const Cookie& cookie) {
  return fmt::format("{}={} {}{} {}{}", cookie.name, cookie.value, cookie.host_only ? "" : ".", cookie.domain,
                     cookie.path, cookie.secure ? " secure" : "");
}

std::string set(std::string_view value, const char* url = "https://www.example.org/a/b/c?d=/e") {
  const auto cookie = parse_set_cookie(value, *parse_url(url), kNow);
  return cookie ? words(*cookie) : "none";
}

// Seconds from now until it expires.
std::optional<std::int64_t> age(std::string_view value) {
  const auto cookie = parse_set_cookie(value, *parse_url("https://h/"), kNow);
  REQUIRE(cookie);
  if (!cookie->expires) return std::nullopt;
  return (*cookie->expires - kNow).count();
}

Result<std::vector<Cookie>> parsed(std::string_view text) {
  std::vector<std::string> skipped;
  return parse_cookies(text, skipped);
}

std::string file(std::string_view text) {
  const auto cookies = parsed(text);
  if (!cookies) return cookies.error().reason;
  std::string all;
  for (const Cookie& cookie : *cookies) {
    if (!all.empty()) all += " | ";
    all += words(cookie);
    if (cookie.expires) all += fmt::format(" until {}", cookie.expires->time_since_epoch().count());
  }
  return all;
}

std::int64_t date(std::string_view text) {
  const auto read = parse_cookie_date(text);
  return read ? read->time_since_epoch().count() : -1;
}

}  // namespace

TEST_CASE("a cookie of a file must have a name that is more than blanks") {
  CHECK_FALSE(parsed("h\tFALSE\t/\tFALSE\t0\t \tvalue").ok());
  CHECK_FALSE(parsed("h\tFALSE\t/\tFALSE\t0\t\tvalue").ok());
}

TEST_CASE("a cookie without attributes is for its host and the folder it was set in") {
  CHECK(set("a=b") == "a=b www.example.org /a/b");
  CHECK(set(" a = b ; ") == "a=b www.example.org /a/b");
  CHECK(set("a=b=c") == "a=b=c www.example.org /a/b");
  CHECK(set("a=\"b c\"") == "a=\"b c\" www.example.org /a/b");
  CHECK(set("a=") == "a= www.example.org /a/b");
  CHECK(set("a=b", "http://h") == "a=b h /");
  CHECK(set("a=b", "http://h/f") == "a=b h /");
  CHECK(set("a=b", "http://h/f/?/x") == "a=b h /f");
  CHECK(set("a=b", "http://[::1]/f") == "a=b ::1 /");
}

TEST_CASE("attributes say where a cookie goes") {
  CHECK(set("a=b; Path=/; Secure; HttpOnly; SameSite=Lax; Unknown=x") == "a=b www.example.org / secure");
  CHECK(set("a=b;PATH=/x;secure=yes") == "a=b www.example.org /x secure");
  CHECK(set("a=b; Path=x; Path") == "a=b www.example.org /a/b");
  CHECK(set("a=b; Domain=Example.ORG") == "a=b .example.org /a/b");
  CHECK(set("a=b; Domain=.www.example.org.") == "a=b .www.example.org /a/b");
  CHECK(set("a=b; Domain=") == "a=b www.example.org /a/b");
  CHECK(set("a=b; Domain=other.test; Domain=example.org") == "a=b .example.org /a/b");
  CHECK(set("a=b; Domain=localhost", "http://localhost/") == "a=b localhost /");
  CHECK(set("a=b; Domain=127.0.0.1", "http://127.0.0.1/") == "a=b 127.0.0.1 /");
  CHECK(set("a=b; Domain=::1", "http://[::1]/") == "a=b ::1 /");
}

TEST_CASE("a cookie that must not be is not set") {
  for (const char* bad : {"", "a", "=b", " = b", ";a=b", "a=b; Domain=other.test", "a=b; Domain=x.www.example.org",
                          "a=b; Domain=ample.org", "a=b; Domain=org", "a=b; Domain=..example.org", "a=b; Domain=*",
                          "a=\x01", "a=b\r\nX: y", "a=b\x7f", "__Secure-a=b", "__Host-a=b; Secure",
                          "__host-a=b; Path=/", "__Host-a=b; Secure; Path=/; Domain=www.example.org"}) {
    CAPTURE(bad);
    CHECK(set(bad) == "none");
  }
  CHECK(set("__Secure-a=b; Secure") == "__Secure-a=b www.example.org /a/b secure");
  CHECK(set("__Host-a=b; Secure; Path=/") == "__Host-a=b www.example.org / secure");
  CHECK(set("a=b; Secure", "http://h/") == "none");
  CHECK(set("a=b; Domain=1", "http://127.0.0.1/") == "none");
  CHECK(set("a=b; Domain=0.0.1", "http://127.0.0.1/") == "none");
  CHECK(set("a=" + std::string(4095, 'x')) != "none");
  CHECK(set("a=" + std::string(4096, 'x')) == "none");
  CHECK(set("a=b; Path=/" + std::string(1024, 'x')) == "a=b www.example.org /a/b");
}

TEST_CASE("a cookie ends with the session, or when Max-Age or else Expires says") {
  CHECK_FALSE(age("a=b"));
  CHECK(age("a=b; Max-Age=60") == 60);
  CHECK(age("a=b; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT") == 60);
  CHECK(age("a=b; Expires=Tue, 14 Nov 2023 22:14:20 GMT") == 60);
  CHECK(age("a=b; Max-Age=x; Expires=Tue, 14-Nov-23 22:14:20 GMT") == 60);
  CHECK(age("a=b; Max-Age=0") == -1'700'000'000);
  CHECK(age("a=b; Max-Age=-99999999999999999999") == -1'700'000'000);
  CHECK(age("a=b; Max-Age=99999999999999999999") == kMaxAge);
  CHECK(age("a=b; Expires=Fri, 31 Dec 9999 23:59:59 GMT") == kMaxAge);
  CHECK_FALSE(age("a=b; Max-Age=; Expires=soon"));
  CHECK_FALSE(age("a=b; Max-Age=1.5"));
}

TEST_CASE("dates are read in whatever order they are written") {
  constexpr std::int64_t kDate = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
  for (const char* same :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        "06 november 1994 8:49:37", "8:49:37 6 Nov 94", "Sun, 06-Nov-1994 08:49:37 UTC+1", "1994 nov 06 08:49:37x"}) {
    CAPTURE(same);
    CHECK(date(same) == kDate);
  }
  CHECK(date("1 Jan 70 0:0:0") == 0);
  CHECK(date("1 Jan 69 0:0:0") == 3124224000);
  for (const char* bad :
       {"", "soon", "06 Nov 1994", "08:49:37 Nov 1994", "06 1994 08:49:37", "06 Nov 08:49:37", "32 Nov 1994 08:49:37",
        "31 Nov 1994 08:49:37", "0 Nov 1994 08:49:37", "06 Nov 1994 24:00:00", "06 Nov 1994 08:60:00",
        "06 Nov 1994 08:49:60", "06 Nov 1600 08:49:37", "06 Nov 1 08:49:37", "06 Nov 1994 08:49"}) {
    CAPTURE(bad);
    CHECK(date(bad) == -1);
  }
}

TEST_CASE("a cookies.txt holds a cookie a line") {
  CHECK(file("").empty());
  CHECK(file("# Netscape HTTP Cookie File\n\n  # x\n").empty());
  CHECK(file("example.org\tFALSE\t/\tFALSE\t0\ta\tb") == "a=b example.org /");
  CHECK(file(".Example.org\tTRUE\t/x\tTRUE\t2000000000\ta\tb\r\n") == "a=b .example.org /x secure until 2000000000");
  CHECK(file("#HttpOnly_.example.org\ttrue\t/\tfalse\t1.5\ta\tb\n") == "a=b .example.org / until 1");
  CHECK(file("h\tFALSE\t/\tFALSE\t\ta\tb\nh\tFALSE\t/\tFALSE\t-1\tc\td") == "a=b h / | c=d h /");
  CHECK(file("h\tFALSE\t/\tFALSE\t0\ta\t\nh\tFALSE\t/\tFALSE\t0\tb\n") == "a= h / | b= h /");
  CHECK(file("127.0.0.1\tTRUE\t/\tFALSE\t0\ta\tb=c") == "a=b=c 127.0.0.1 /");
  CHECK(file("::1\tFALSE\t/\tFALSE\t9223372036854775807\ta\tb") == "a=b ::1 / until 253402214400");
}

TEST_CASE("a line that is no cookie is refused, by number and without its text") {
  const std::string fields = "line 2: it does not have seven fields separated by TABs";
  for (const auto& [line, reason] : std::initializer_list<std::pair<std::string, std::string>>{
           {"h TRUE / FALSE 0 a b", fields},
           {"h\tTRUE\t/\tFALSE\t0", fields},
           {"h\tTRUE\t/\tFALSE\t0\ta\tb\tc", fields},
           {"a b\tTRUE\t/\tFALSE\t0\ta\tb", "line 2: its domain is not a host"},
           {"\tTRUE\t/\tFALSE\t0\ta\tb", "line 2: its domain is not a host"},
           {"h\t1\t/\tFALSE\t0\ta\tb", "line 2: a field that must be TRUE or FALSE is neither"},
           {"h\tTRUE\t/\t\t0\ta\tb", "line 2: a field that must be TRUE or FALSE is neither"},
           {"h\tTRUE\tx\tFALSE\t0\ta\tb", "line 2: its path does not begin with /"},
           {"h\tTRUE\t/\tFALSE\t-\ta\tb", "line 2: the time it expires at is not a number of seconds"},
           {"h\tTRUE\t/\tFALSE\t1.\ta\tb", "line 2: the time it expires at is not a number of seconds"},
           {"h\tTRUE\t/\tFALSE\t0\t\tb", "line 2: its name or value can't be a cookie's"},
           {"h\tTRUE\t/\tFALSE\t0\ta\tb; c", "line 2: its name or value can't be a cookie's"},
           {"h\tTRUE\t/\tFALSE\t0\ta=\tb", "line 2: its name or value can't be a cookie's"},
           {"h\tTRUE\t/\tFALSE\t0\ta\tb\x01", "line 2: it has control characters"},
           {"h\tTRUE\t/\tFALSE\t0\ta\tb\rc", "line 2: it has control characters"},
           {"h\tTRUE\t/\tFALSE\t0\ta\t" + std::string(4096, 'x'), "line 2: its cookie is larger than 4096 bytes"}}) {
    const std::string shown = line.substr(0, 60);
    CAPTURE(shown);
    CHECK(file("# first\n" + line) == reason);
  }
  CHECK(file(std::string(kMaxCookieFile + 1, '\n')) == "it is larger than 16 MiB");
  CHECK(parsed("x").error().cause == Cause::usage);
}

TEST_CASE("a line of a cookie file that can't be used is skipped and named, and harms no other") {
  const std::string good = "h\tFALSE\t/\tFALSE\t0\ta\t1";
  for (const auto& [odd, reason] : std::vector<std::pair<std::string, std::string>>{
           {"h\tFALSE\t/\tFALSE\t0\t\tvalue", "its name or value can't be a cookie's"},
           {"h\tFALSE\t/\tFALSE\t0\tb\tva\tlue", "it does not have seven fields separated by TABs"},
           {"h\tFALSE\t/\tFALSE\t0\tb\t" + std::string(5000, 'x'), "its cookie is larger than 4096 bytes"},
           {"words", "it does not have seven fields separated by TABs"}}) {
    std::vector<std::string> skipped;
    const auto cookies = parse_cookies("\xef\xbb\xbf" + good + "\r\n" + odd + "\r\n" + good + "\r\n", skipped);
    REQUIRE(cookies.ok());
    CHECK(cookies->size() == 2);
    CHECK(cookies->front().value == "1");
    CHECK(skipped == std::vector<std::string>{"line 2 is skipped: " + reason});
    CHECK_FALSE(parsed("\xef\xbb\xbf" + odd).ok());
  }
  std::vector<std::string> skipped;
  std::string many = good;
  for (int i = 0; i < 25; ++i) many += "\nwords";
  CHECK(parse_cookies(many, skipped)->size() == 1);
  CHECK(skipped.size() == 11);
  CHECK(skipped.back() == "15 more lines are skipped");
}
