// Which cookies go with which request.
#include "core/credentials/cookie_jar.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <string>

using namespace segdl;

namespace {

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'700'000'000)};

bool is_suffix(const std::string& domain) { return domain == "co.uk" || domain == "org"; }

// A jar, and the time.
struct Kitchen {
  CookieJar jar{is_suffix};
  std::chrono::sys_seconds now = kNow;

  bool set(std::string_view from, std::string_view cookie) { return jar.learn(cookie, *parse_url(from), now); }
  void give(std::string_view lines) {
    std::vector<std::string> skipped;
    jar.give(*parse_cookies(lines, skipped));
  }
  std::string sent(std::string_view to) const { return jar.field_for(*parse_url(to), now); }
  // The number of cookies that are sent there.
  std::size_t count(std::string_view to) const { return static_cast<std::size_t>(std::ranges::count(sent(to), '=')); }
};

}  // namespace

TEST_CASE("a cookie goes back to its host and to no other") {
  Kitchen kitchen;
  CHECK(kitchen.sent("http://a.example.org/").empty());
  kitchen.set("http://a.example.org/", "x=1");
  CHECK(kitchen.sent("http://a.example.org/") == "x=1");
  CHECK(kitchen.sent("http://A.example.org.:8080/") == "x=1");
  CHECK(kitchen.sent("https://a.example.org/f?q") == "x=1");
  for (const char* other : {"http://example.org/", "http://b.a.example.org/", "http://xa.example.org/",
                            "http://a.example.com/", "http://a.example.org.evil.test/"}) {
    CAPTURE(other);
    CHECK(kitchen.sent(other).empty());
  }
}

TEST_CASE("a cookie for a domain goes to the hosts in it") {
  Kitchen kitchen;
  kitchen.set("http://a.example.org/", "x=1; Domain=example.org");
  CHECK(kitchen.sent("http://example.org/") == "x=1");
  CHECK(kitchen.sent("http://b.c.example.org/") == "x=1");
  CHECK(kitchen.sent("http://notexample.org/").empty());
  CHECK(kitchen.sent("http://org/").empty());
}

TEST_CASE("nobody sets a cookie for what belongs to everybody") {
  Kitchen kitchen;
  kitchen.set("http://a.co.uk/", "x=1; Domain=co.uk");
  kitchen.set("http://example.org/", "x=1; Domain=org");
  for (const char* host : {"http://a.co.uk/", "http://b.co.uk/", "http://co.uk/", "http://example.org/", "http://org/"})
    CHECK(kitchen.sent(host).empty());
  kitchen.set("http://co.uk/", "x=1; Domain=co.uk");  // itself: then for itself
  CHECK(kitchen.sent("http://co.uk/") == "x=1");
  CHECK(kitchen.sent("http://a.co.uk/").empty());
}

TEST_CASE("addresses are hosts by themselves") {
  Kitchen kitchen;
  kitchen.set("http://127.0.0.1/", "x=1; Domain=127.0.0.1");
  kitchen.set("http://127.0.0.1/", "y=1; Domain=0.0.1");
  CHECK(kitchen.sent("http://127.0.0.1:81/") == "x=1");
  CHECK(kitchen.sent("http://127.0.0.2/").empty());
  kitchen.set("http://[::1]/", "z=1");
  CHECK(kitchen.sent("http://[::1]/") == "z=1");
}

TEST_CASE("a cookie goes with what lies in its path") {
  Kitchen kitchen;
  kitchen.set("http://h/a/b", "x=1");
  for (const char* below : {"http://h/a", "http://h/a/", "http://h/a/c", "http://h/a?q", "http://h/a/c/d"}) {
    CAPTURE(below);
    CHECK(kitchen.sent(below) == "x=1");
  }
  for (const char* beside : {"http://h/", "http://h/ab", "http://h/b?/a/", "http://h/A/"}) {
    CAPTURE(beside);
    CHECK(kitchen.sent(beside).empty());
  }
  kitchen.set("http://h/", "y=1; Path=/c/");
  CHECK(kitchen.sent("http://h/c/d") == "y=1");
  CHECK(kitchen.sent("http://h/c").empty());
}

TEST_CASE("longer paths come first, then what was set first") {
  Kitchen kitchen;
  kitchen.set("http://h/", "a=1; Path=/");
  kitchen.set("http://h/", "b=2; Path=/x/y");
  kitchen.set("http://h/", "c=3; Path=/x");
  kitchen.set("http://h/", "d=4; Path=/");
  kitchen.set("http://h/", "a=5; Path=/");
  CHECK(kitchen.sent("http://h/x/y") == "b=2; c=3; a=5; d=4");
}

TEST_CASE("a secure cookie goes over https only, and http does not replace it") {
  Kitchen kitchen;
  kitchen.set("https://a.example.org/", "x=1; Secure; Domain=example.org");
  CHECK(kitchen.sent("http://a.example.org/").empty());
  CHECK(kitchen.sent("https://a.example.org/") == "x=1");
  CHECK_FALSE(kitchen.set("http://a.example.org/", "x=2; Domain=example.org"));
  CHECK_FALSE(kitchen.set("http://a.example.org/", "x=2"));
  CHECK_FALSE(kitchen.set("http://a.example.org/", "x=2; Max-Age=0; Domain=example.org"));
  CHECK(kitchen.sent("https://a.example.org/") == "x=1");
  CHECK(kitchen.set("https://a.example.org/", "x=2; Domain=example.org"));
  CHECK(kitchen.sent("http://a.example.org/") == "x=2");
}

TEST_CASE("cookies end when they say, and a server takes them back by a date in the past") {
  Kitchen kitchen;
  kitchen.set("http://h/", "x=1; Max-Age=60");
  kitchen.set("http://h/", "y=1");
  kitchen.now += std::chrono::seconds(59);
  CHECK(kitchen.sent("http://h/") == "x=1; y=1");
  kitchen.now += std::chrono::seconds(1);
  CHECK(kitchen.sent("http://h/") == "y=1");
  CHECK(kitchen.set("http://h/", "y=; Max-Age=0"));
  CHECK_FALSE(kitchen.set("http://h/", "y=; Max-Age=0"));
  CHECK(kitchen.sent("http://h/").empty());
}

TEST_CASE("it is known whether anything changed") {
  Kitchen kitchen;
  CHECK(kitchen.set("http://h/", "x=1"));
  CHECK_FALSE(kitchen.set("http://h/", "x=1; Max-Age=60"));
  CHECK(kitchen.set("http://h/", "x=2"));
  CHECK_FALSE(kitchen.set("http://h/", "nonsense"));
}

TEST_CASE("what servers set is bounded, and the oldest goes") {
  Kitchen kitchen;
  for (int i = 0; i < 60; ++i) kitchen.set("http://h/", fmt::format("c{}=1", i));
  CHECK(kitchen.count("http://h/") == kMaxCookiesOfDomain);
  CHECK(kitchen.sent("http://h/").starts_with("c10=1; c11=1"));
  kitchen.set("http://h/", "c30=2; Max-Age=1");
  kitchen.now += std::chrono::seconds(1);
  kitchen.set("http://h/", "new=1");  // in the place of what has expired
  CHECK(kitchen.sent("http://h/").starts_with("c10=1; c11=1"));
  for (int i = 0; i < 4000; ++i) kitchen.set(fmt::format("http://h{}.test/", i), "x=1");
  std::size_t all = kitchen.count("http://h/");
  for (int i = 0; i < 4000; ++i) all += kitchen.count(fmt::format("http://h{}.test/", i));
  CHECK(all == kMaxCookies);
  CHECK(kitchen.sent("http://h0.test/").empty());
  CHECK(kitchen.sent("http://h3999.test/") == "x=1");
}

TEST_CASE("what the person gave stays, however much it is") {
  Kitchen kitchen;
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += fmt::format("h\tFALSE\t/\tFALSE\t0\tg{}\t1\n", i);
  kitchen.give(lines + "h\tFALSE\t/\tFALSE\t1600000000\told\t1\n");
  for (int i = 0; i < 60; ++i) kitchen.set("http://h/", fmt::format("c{}=1", i));
  CHECK(kitchen.count("http://h/") == 100 + kMaxCookiesOfDomain);
  CHECK(kitchen.sent("http://h/").starts_with("g0=1; g1=1"));
  CHECK(kitchen.sent("http://h/").find("old") == std::string::npos);
  CHECK(kitchen.set("http://h/", "g0=2"));
  CHECK(kitchen.sent("http://h/").starts_with("g0=2; g1=1"));
}

TEST_CASE("a file may give cookies to a domain, over http or only over https") {
  Kitchen kitchen;
  kitchen.give(".example.org\tTRUE\t/\tFALSE\t0\ta\t1\nexample.org\tFALSE\t/\tTRUE\t0\tb\t2\n");
  CHECK(kitchen.sent("http://www.example.org/") == "a=1");
  CHECK(kitchen.sent("https://example.org/") == "a=1; b=2");
  CHECK(kitchen.sent("http://example.org/") == "a=1");
}
