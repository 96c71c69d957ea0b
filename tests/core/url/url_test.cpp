#include "core/url/url.h"

#include <segdl/text.h>

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <utility>

using namespace segdl;

namespace {

Url base() { return *parse_url("http://a/b/c/d;p?q"); }

std::string resolved(const std::string& reference) {
  const auto url = resolve_url(base(), reference);
  return url ? url->text() : "refused";
}

}  // namespace

TEST_CASE("a URL comes apart into origin and target") {
  const auto url = parse_url("HTTPS://User:p%40ss@Example.ORG.:8443/a/../b c/%7e%zz?x=ü#frag");
  REQUIRE(url.ok());
  CHECK(url->origin == Origin{true, "example.org", 8443});
  CHECK(url->user == "User");
  CHECK(url->password == "p@ss");
  CHECK(url->target == "/b%20c/%7e%25zz?x=%C3%BC");
  CHECK(url->text() == "https://example.org:8443/b%20c/%7e%25zz?x=%C3%BC");
}

TEST_CASE("default ports and empty paths") {
  CHECK(parse_url("http://h")->text() == "http://h/");
  CHECK(parse_url("http://h:80/")->origin.authority() == "h");
  CHECK(parse_url("http://h:/")->origin.port == 80);
  CHECK(parse_url("https://h:80/")->origin.authority() == "h:80");
  CHECK(parse_url("http://h?q")->target == "/?q");
  CHECK(parse_url("http://[2001:DB8::a]:8080/")->origin.authority() == "[2001:db8::a]:8080");
  CHECK(parse_url("http://[::ffff:1.2.3.4]/").ok());
}

TEST_CASE("a URL without a scheme is https") {
  CHECK(parse_url("h")->text() == "https://h/");
  CHECK(parse_url("h/a?u=http://x")->text() == "https://h/a?u=http://x");
  CHECK(parse_url("h:8080")->text() == "https://h:8080/");
  CHECK(parse_url("h:8080/a:b")->text() == "https://h:8080/a:b");
  CHECK(parse_url("//h/a")->text() == "https://h/a");
  CHECK(parse_url("[::1]:80/a")->text() == "https://[::1]:80/a");
  CHECK(parse_url("u@h/a")->user == "u");
}

TEST_CASE("what can't be a URL of ours is refused") {
  for (const char* bad : {"",
                          "//",
                          "/etc/passwd",
                          "?q",
                          "mailto:me@h",
                          "javascript:alert(1)",
                          "h:0/f",
                          "h:65536/f",
                          "ftp://h/",
                          "file:///etc/passwd",
                          "http:",
                          "http://",
                          "http:///x",
                          "http://h:0/",
                          "http://h:65536/",
                          "http://h:99999999999/",
                          "http://h:8a/",
                          "http://h:-1/",
                          "http://h\r\n/",
                          "http://h/a\nb",
                          "http://h/\x1b[2J",
                          "http://a b/",
                          "http://h%0d%0a/",
                          "http://0x7f.1/",
                          "http://127.1/",
                          "http://2130706433/",
                          "http://017.0.0.1/",
                          "http://1.2.3.256/",
                          "http://[::1%25eth0]/",
                          "http://[::1/",
                          "http://[]/",
                          "http://[1:2:3]/",
                          "http://[::1::]/",
                          "http://h\xc3/",
                          "http://-h/",
                          "http://a..b/",
                          "http://[1.2.3.4::]/"}) {
    CAPTURE(bad);
    const auto url = parse_url(bad);
    REQUIRE_FALSE(url.ok());
    CHECK(url.error().cause == Cause::usage);
  }
}

TEST_CASE("references resolve as in RFC 3986 section 5.4") {
  // Fragments are dropped and the scheme-only form of 5.4.2 is refused; everything else is as printed there.
  const std::pair<const char*, const char*> examples[] = {{"g", "http://a/b/c/g"},
                                                          {"./g", "http://a/b/c/g"},
                                                          {"g/", "http://a/b/c/g/"},
                                                          {"/g", "http://a/g"},
                                                          {"//g", "http://g/"},
                                                          {"?y", "http://a/b/c/d;p?y"},
                                                          {"g?y", "http://a/b/c/g?y"},
                                                          {"#s", "http://a/b/c/d;p?q"},
                                                          {"g#s", "http://a/b/c/g"},
                                                          {"g?y#s", "http://a/b/c/g?y"},
                                                          {";x", "http://a/b/c/;x"},
                                                          {"g;x", "http://a/b/c/g;x"},
                                                          {"g;x?y#s", "http://a/b/c/g;x?y"},
                                                          {"", "http://a/b/c/d;p?q"},
                                                          {".", "http://a/b/c/"},
                                                          {"./", "http://a/b/c/"},
                                                          {"..", "http://a/b/"},
                                                          {"../", "http://a/b/"},
                                                          {"../g", "http://a/b/g"},
                                                          {"../..", "http://a/"},
                                                          {"../../", "http://a/"},
                                                          {"../../g", "http://a/g"},
                                                          {"../../../g", "http://a/g"},
                                                          {"../../../../g", "http://a/g"},
                                                          {"/./g", "http://a/g"},
                                                          {"/../g", "http://a/g"},
                                                          {"g.", "http://a/b/c/g."},
                                                          {".g", "http://a/b/c/.g"},
                                                          {"g..", "http://a/b/c/g.."},
                                                          {"..g", "http://a/b/c/..g"},
                                                          {"./../g", "http://a/b/g"},
                                                          {"./g/.", "http://a/b/c/g/"},
                                                          {"g/./h", "http://a/b/c/g/h"},
                                                          {"g/../h", "http://a/b/c/h"},
                                                          {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
                                                          {"g;x=1/../y", "http://a/b/c/y"},
                                                          {"g?y/./x", "http://a/b/c/g?y/./x"},
                                                          {"g?y/../x", "http://a/b/c/g?y/../x"},
                                                          {"g:h", "refused"},
                                                          {"http:g", "refused"}};
  for (const auto& example : examples) {
    CAPTURE(example.first);
    CHECK(resolved(example.first) == example.second);
  }
}

TEST_CASE("Locations are repaired where that is safe, and refused where it is not") {
  CHECK(resolved("  /x y ") == "http://a/x%20y");
  CHECK(resolved("HTTPS://Other/Path") == "https://other/Path");
  CHECK(resolved("//b:81/x") == "http://b:81/x");
  CHECK(resolved("/\xc3\xa9") == "http://a/%C3%A9");
  CHECK(resolved("/\x1b[0m?\x01") == "http://a/%1B[0m?%01");
  for (const char* bad : {"http://h:99999999999/", "/a\r\nSet-Cookie: x", "file:///etc/passwd", "http://0x7f000001/",
                          "http://h\x1b/", "data:,x"}) {
    CAPTURE(bad);
    const auto url = resolve_url(base(), bad);
    REQUIRE_FALSE(url.ok());
    CHECK(url.error().cause == Cause::network);
  }
}

TEST_CASE("userinfo is not inherited by a redirect, nor taken from one") {
  const auto from = parse_url("http://u:p@h/");
  for (const char* reference : {"/x", "http://h/x", "//x:y@h/x", "http://x:y@h/x"}) {
    const auto url = resolve_url(*from, reference);
    REQUIRE(url.ok());
    CHECK_FALSE(url->has_userinfo);
    CHECK(url->user.empty());
    CHECK(url->password.empty());
  }
}

TEST_CASE("the last component is decoded") {
  CHECK(last_component(*parse_url("http://h/a/b%20c.txt?x=/y")) == "b c.txt");
  CHECK(last_component(*parse_url("http://h/a/%2e%2e%2fetc")) == "../etc");
  CHECK(last_component(*parse_url("http://h/a/")) == "");
}

TEST_CASE("secrets do not show") {
  CHECK(parse_url("http://u:secret@h/f?a=1&Token=t&X-Amz-Signature=s&sig=x;key=k")->redacted() ==
        "http://h/f?a=1&Token=***&X-Amz-Signature=***&sig=***;key=***");
  CHECK(redact("see http://u:p@h/x?token=1 and ftp://me@x/") == "see http://***@h/x?token=*** and ftp://***@x/");
  CHECK(redact("u:p@host/x") == "***@host/x");
  CHECK(redact("write @FILE, or sha-256=@FILE, http://@h") == "write @FILE, or ***@FILE, http://@h");
  CHECK(redact("plain words, a=b") == "plain words, a=b");
  CHECK(redacted_url("http://h/\x1b[2J?token=1") == "http://h/\\x1b[2J?token=***");
  CHECK(redacted_url("http://h/f?a@b/c") == "http://h/f?a@b/c");
  CHECK(redacted_url("/@scope/f") == "/@scope/f");
  CHECK(redacted_url("http://h/key=1/f;a=2/code=3") == "http://h/key=1/f;a=2/code=3");
  const auto error = parse_url("http://u:secret@h:0/?token=sesame");
  REQUIRE_FALSE(error.ok());
  CHECK(error.error().message().find("se") == error.error().message().rfind("se"));
  CHECK(error.error().message().find("secret") == std::string::npos);
  CHECK(error.error().message().find("sesame") == std::string::npos);
}

TEST_CASE("the spellings of one URL compare as one, and no others") {
  for (const char* same : {"HTTP://h/f", "http://H/f", "http://h:80/f", "http://h:080/f", "http://h./f", "http://h/./f",
                           "http://h/x/../f", "http://h/f#part", " http://h:/f "}) {
    CHECK(comparable_url(same) == comparable_url("http://h/f"));
  }
  CHECK(comparable_url("H") == comparable_url("https://h:443/"));
  CHECK(comparable_url("h:8080/f") == comparable_url("HTTPS://h:8080/f"));
  CHECK(comparable_url("http://m\u00fcnchen.de/") == comparable_url("http://xn--mnchen-3ya.de"));
  CHECK(comparable_url("HTTP://u:p@H/f") == comparable_url("http://%75:p@h:80/f"));
  for (const char* other : {"https://h/f", "http://h:443/f", "http://h/F", "http://h/f/", "http://h/f?", "http://h//f",
                            "http://h/%66", "http://u:p@h/f", "http://h2/f", "http://h/f?token=1"}) {
    CHECK(comparable_url(other) != comparable_url("http://h/f"));
  }
  CHECK(comparable_url("http://h/f?token=1") != comparable_url("http://h/f?token=2"));
  CHECK(comparable_url("http://a:bc@h/f") != comparable_url("http://ab:c@h/f"));
  CHECK(comparable_url("http://a:bc@h/f") != comparable_url("http://a:b@h/f"));
  CHECK(comparable_url("ftp://H/f") == "ftp://H/f");
}

TEST_CASE("a secret does not show by whatever key it has, wherever it stands in a URL") {
  for (const char* key : {"%74oken", "%54OKEN", "to%6Ben", "access-token", "oauth_token", "X-Auth-Token",
                          "client_secret", "Policy", "PHPSESSIONID", "passwd", "password", "api-key", "api_key",
                          "myApiKey", "X-Amz-Credential", "x%2Damz%2Dsignature", "upload_signature"}) {
    CAPTURE(key);
    for (const char* shape : {"http://h/f?{}=SESAME", "http://h/f?a=1&{}=SESAME&b=2", "http://h/f;{}=SESAME",
                              "http://h/a;b=1;{}=SESAME/f?c=2", "http://h/a;{}=SESAME/f"}) {
      const std::string text = fmt::format(fmt::runtime(shape), key);
      CAPTURE(text);
      const auto url = parse_url(text);
      REQUIRE(url.ok());
      CHECK(url->redacted().find("SESAME") == std::string::npos);
      CHECK(redact("get " + text).find("SESAME") == std::string::npos);
    }
    CHECK(redact(fmt::format("http://h/f#{}=SESAME", key)).find("SESAME") == std::string::npos);
    CHECK(redact(fmt::format("?{}=SESAME", key)).find("SESAME") == std::string::npos);
  }
  CHECK(parse_url("http://h/a;v=1/f;jsessionid=x?page=2;sid=3")->redacted() ==
        "http://h/a;v=1/f;jsessionid=***?page=2;sid=***");
}

TEST_CASE("userinfo does not show where a URL has no scheme, or is not quite one") {
  for (const char* text : {"//u:SESAME@h/f", "///u:SESAME@h/f", "\\\\u:SESAME@h/f", "http:/u:SESAME@h/f",
                           "http:\\\\u:SESAME@h", "http:u:SESAME@h/f", "u:SESAME@h", "https:///u:SESAME@h/f"}) {
    CAPTURE(text);
    CHECK(redact(text).find("SESAME") == std::string::npos);
    const auto led = resolve_url(*parse_url("http://origin.test/f"), text);
    if (!led) CHECK(led.error().message().find("SESAME") == std::string::npos);
  }
}

TEST_CASE("a password does not show that holds what a URL may not") {
  for (const std::string text : {"http://u:pa/SESAME@h/f", "http://u:p?SESAME@h/f", "http://u:#SESAME@h/f",
                                 "http://u:SESAME/@h:80/f", "http://u:p SESAME@h/f", "http://u:SESAME p@h/f",
                                 "http://u:SESAME p/@h/f", "get http://u:p SESAME@h/f: refused"}) {
    CAPTURE(text);
    CHECK(redact(text).find("SESAME") == std::string::npos);
    CHECK(redact(text).find("@h") != std::string::npos);
    const auto url = parse_url(text);
    if (url) CHECK(url->redacted().find("SESAME") == std::string::npos);
    if (!url) CHECK(url.error().message().find("SESAME") == std::string::npos);
  }
  CHECK(redact("http://h:80/@scope/f http://[::1]/@x http://h/a:b@c") ==
        "http://h:80/@scope/f http://[::1]/@x http://h/a:b@c");
  CHECK(redact("http://h:x/f: its port is odd, not http://h/?token=1 /;a") ==
        "http://h:x/f: its port is odd, not http://h/?token=*** /;a");
}
