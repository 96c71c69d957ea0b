// International hosts: what they become, and when they are shown as they were.
#include "core/url/idn.h"
#include "core/url/proxy.h"
#include "core/url/url.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

using namespace segdl;

namespace {

std::string host_of(const std::string& host) {
  const auto url = parse_url("https://" + host + "/f");
  return url ? url->origin.host : "refused";
}

// As shown to a user who typed it or was redirected to it.
std::string shown(const std::string& host) {
  const std::string ascii = host_of(host);
  return ascii == "refused" ? ascii : shown_host(ascii);
}

}  // namespace

TEST_CASE("a host in Unicode becomes its A-labels, by the rules that do not change ß") {
  const std::pair<const char*, const char*> rows[] = {
      {"bücher.example", "xn--bcher-kva.example"},
      {"BÜCHER.Example.", "xn--bcher-kva.example"},
      {"bu\u0308cher.example", "xn--bcher-kva.example"},  // a letter and its dots apart
      {"straße.example", "xn--strae-oqa.example"},
      {"日本語。jp", "xn--wgv71a119e.jp"},  // an ideographic full stop
      {"пример.испытание", "xn--e1afmkfd.xn--80akhbyknj4f"},
      {"www.Ｅxample.org", "www.example.org"},  // full width
      {"xn--bcher-kva.example", "xn--bcher-kva.example"},
      {"a_b.bücher.example", "a_b.xn--bcher-kva.example"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.first);
    CHECK(host_of(row.first) == row.second);
  }
  CHECK(parse_url("bücher.example:8080/ü")->text() == "https://xn--bcher-kva.example:8080/%C3%BC");
  const auto led = resolve_url(*parse_url("http://h/"), "//me@bücher.example/x");
  REQUIRE(led.ok());
  CHECK(led->text() == "http://xn--bcher-kva.example/x");
}

TEST_CASE("what is no international name, or would become something else, is refused") {
  for (const char* host :
       {"h\xff.example", "h\xc3.example", "a\u200b\u00e9\u202e.example", "\u2044.example",
        "ex\uff0fample.example",  // a full-width slash
        "user\uff20example.org", "a\uff1a80", "\u00e9\uff05",
        "\uff11\uff12\uff17.0.0.1",  // full-width digits of an address
        "\uff11\uff12\uff17.0.0.1.", "127\u30020\u30020\u30021\u3002", "\uff10x7f.1", "\u00e9..example",
        "-\u00e9.example", "\u0301a.example", "\u00ad", "b\u00fccher..", "\ue000.example", "😀.example"}) {
    CAPTURE(host);
    CHECK(host_of(host) == "refused");
  }
  std::string longest;
  for (int i = 0; i < 60; ++i) longest += "ü";
  CHECK(host_of(longest + longest) == "refused");
}

TEST_CASE("labels of one script that look like no ASCII are shown in Unicode") {
  for (const char* host : {"bücher.example", "straße.example", "łódź.example", "пример.испытание", "ελλάδα.example",
                           "日本語.jp", "ひらがなカタカナ.jp", "한국.example", "plain.example", "a-1.example"}) {
    CAPTURE(host);
    CHECK(shown(host) == host);
  }
}

TEST_CASE("a label that could be taken for another one stays as it is") {
  for (const char* host : {"аррӏе.example",                   // Cyrillic, all of it, and like Latin
                           "сосо.example", "раураӏ.example",  // likewise
                           "ο.example",                       // Greek, likewise
                           "pаypal.example",                  // Latin with one Cyrillic letter
                           "gοοgle.example",                  // and with Greek
                           "бank.example", "日本google.jp", "ıts.example", "þ.example", "ƃook.example", "أهلا.example",
                           "שלום.example",  // from right to left
                           "ไทย.example"}) {
    CAPTURE(host);
    const std::string text = shown(host);
    CHECK(text.starts_with("xn--"));
    CHECK(text == host_of(host));
  }
  CHECK(shown_host("xn--pypal-4ve.bücher") == "xn--pypal-4ve.bücher");
  CHECK(shown_host("xn--.example") == "xn--.example");
  CHECK(shown_host("xn--zzzzzzzzzzz.xn--bcher-kva") == "xn--zzzzzzzzzzz.bücher");
}

TEST_CASE("each label is shown for itself, and disk keeps them all as they are sent") {
  const auto url = parse_url("https://аррӏе.bücher.example/f?token=x");
  REQUIRE(url.ok());
  CHECK(url->shown() == "https://xn--80ak6aa92e.bücher.example/f?token=***");
  CHECK(url->redacted() == "https://xn--80ak6aa92e.xn--bcher-kva.example/f?token=***");
}

TEST_CASE("exemptions from a proxy may be international too") {
  CHECK(Exemptions("bücher.example").hold_for(parse_url("http://xn--bcher-kva.example/")->origin));
  CHECK(Exemptions("xn--bcher-kva.example").hold_for(parse_url("http://a.bücher.example/")->origin));
}
