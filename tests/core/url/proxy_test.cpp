// Which proxy a request goes through, and what is exempt.
#include "core/url/proxy.h"

#include <doctest/doctest.h>

#include <string>

using namespace segdl;

namespace {

Origin origin_of(const std::string& url) { return parse_url(url)->origin; }

bool exempts(const std::string& list, const std::string& url) { return Exemptions(list).hold_for(origin_of(url)); }

// "HOST:PORT" of the proxy, "none" or "refused".
std::string way_to(const Proxies& proxies, const std::string& url) {
  const auto proxy = proxies.find(origin_of(url));
  if (!proxy) return "refused";
  return *proxy == nullptr ? "none" : host_and_port((*proxy)->origin);
}

}  // namespace

TEST_CASE("a proxy is named by a URL, with or without http://") {
  const auto proxy = parse_proxy("HTTP://al%40ice:p%3Ass@Proxy.Test:3128/");
  REQUIRE(proxy.ok());
  CHECK(proxy->origin == Origin{false, "proxy.test", 3128});
  CHECK(proxy->has_credentials);
  CHECK(proxy->user == "al@ice");
  CHECK(proxy->password == "p:ss");
  CHECK_FALSE(parse_proxy("proxy.test:3128")->has_credentials);
  CHECK(host_and_port(parse_proxy("proxy.test:3128")->origin) == "proxy.test:3128");
  CHECK(host_and_port(parse_proxy("u:p@[::1]:80")->origin) == "[::1]:80");
}

TEST_CASE("a proxy without a port listens on 1080, as for curl") {
  for (const char* text : {"h", "http://h", "http://h/", "http://u:8@h", "h:", "h: "}) {
    CAPTURE(text);
    CHECK(parse_proxy(text)->origin.port == 1080);
  }
  CHECK(parse_proxy("http://[::1]")->origin.port == 1080);
  CHECK_FALSE(parse_proxy("http://[::1]")->names_port);
  CHECK(parse_proxy("http://h:80")->origin.port == 80);
}

TEST_CASE("the scheme says what is spoken to a proxy, and how it is reached") {
  struct Row {
    const char* scheme;
    ProxyKind kind;
    bool secure;
    std::uint16_t port;
  };
  for (const Row& row : {Row{"http", ProxyKind::http, false, 1080}, Row{"HTTPS", ProxyKind::http, true, 443},
                         Row{"socks5", ProxyKind::socks5, false, 1080}, Row{"Socks5h", ProxyKind::socks5h, false, 1080},
                         Row{"socks", ProxyKind::socks5h, false, 1080}}) {
    CAPTURE(row.scheme);
    const auto proxy = parse_proxy(std::string(row.scheme) + "://u:p@h/");
    REQUIRE(proxy.ok());
    CHECK(proxy->kind == row.kind);
    CHECK(proxy->origin == Origin{row.secure, "h", row.port});
    CHECK(proxy->user == "u");
    CHECK(parse_proxy(std::string(row.scheme) + "://h:443")->origin.port == 443);
    CHECK(parse_proxy(std::string(row.scheme) + "://h:80")->origin.port == 80);
  }
}

TEST_CASE("a name or password that SOCKS can't carry is refused, and HTTP has no such limit") {
  const std::string longest(255, 'x');
  CHECK(parse_proxy("socks5://" + longest + ":" + longest + "@h").ok());
  CHECK_FALSE(parse_proxy("socks5://" + longest + "x:p@h").ok());
  CHECK_FALSE(parse_proxy("socks5h://u:x" + longest + "@h").ok());
  CHECK(parse_proxy("http://u:x" + longest + "@h").ok());
}

TEST_CASE("what is no proxy that is spoken to is refused, and the refusal holds no password") {
  for (const char* text :
       {"socks4://bob:secret@h:1", "socks4a://bob:secret@h:1", "ftp://bob:secret@h:1", "http://bob:sec/ret@h:1",
        "bob:secret@h:x", "bob:sec?ret@h@h:99999", "http://bob:secret@", "bob:se\ncret@h:1", "bob:secret@://h"}) {
    CAPTURE(text);
    const auto proxy = parse_proxy(text);
    REQUIRE_FALSE(proxy.ok());
    CHECK(proxy.error().cause == Cause::usage);
    const std::string message = proxy.error().message() + describe(proxy.error().hints);
    CHECK(message.find("sec") == std::string::npos);
    CHECK(message.find("bob") == std::string::npos);
    CHECK(message.find("ret") == std::string::npos);
  }
}

TEST_CASE("what asks for no proxy elsewhere is refused here, with the way to ask none") {
  for (const char* text : {"off", "None", "DIRECT", "direct://", "false", "0", "disabled", "null", "true"}) {
    CAPTURE(text);
    const auto proxy = parse_proxy(text);
    REQUIRE_FALSE(proxy.ok());
    CHECK(proxy.error().cause == Cause::usage);
    CHECK(proxy.error().hints == Hints{Hint::connect_directly});
  }
  for (const char* text : {"off:3128", "http://off", "http://direct:1080", "none.test", "offline"}) {
    CAPTURE(text);
    CHECK(parse_proxy(text).ok());
  }
}

TEST_CASE("a script that names proxies is no proxy") {
  for (const char* text : {"http://h/proxy.pac", "http://wpad/wpad.dat", "h/PROXY.PAC?x", "pac+https://h/x"}) {
    CAPTURE(text);
    const auto proxy = parse_proxy(text);
    REQUIRE_FALSE(proxy.ok());
    CHECK(proxy.error().reason.find("PAC") != std::string::npos);
  }
  CHECK(parse_proxy("http://h.pac").ok());
}

TEST_CASE("each scheme has its proxy, and only its") {
  NetworkOptions options;
  options.http_proxy = "http://plain.test:1";
  options.https_proxy = "http://secure.test:2";
  options.no_proxy = "exempt.test";
  const Proxies both(options);
  CHECK(way_to(both, "http://h/") == "plain.test:1");
  CHECK(way_to(both, "https://h/") == "secure.test:2");
  CHECK(way_to(both, "http://exempt.test/") == "none");
  options.https_proxy = "";
  CHECK(way_to(Proxies(options), "https://h/") == "none");
}

TEST_CASE("a proxy that can't be used fails what needs it and nothing else") {
  NetworkOptions options;
  options.http_proxy = "socks4://h:1";
  options.https_proxy = "http://h:1";
  options.no_proxy = "exempt.test";
  const Proxies proxies(options);
  CHECK(way_to(proxies, "http://h/") == "refused");
  CHECK(way_to(proxies, "https://h/") == "h:1");
  CHECK(way_to(proxies, "http://exempt.test/") == "none");
}

TEST_CASE("a domain exempts itself and what is in it") {
  for (const char* list : {"example.org", ".example.org", "*.example.org", "EXAMPLE.org.", "a,example.org",
                           "a example.org", " , example.org ,b"}) {
    CAPTURE(list);
    CHECK(exempts(list, "http://example.org/"));
    CHECK(exempts(list, "https://www.Example.org:8443/"));
    CHECK_FALSE(exempts(list, "http://badexample.org/"));
    CHECK_FALSE(exempts(list, "http://example.org.test/"));
    CHECK_FALSE(exempts(list, "http://org/"));
  }
  CHECK(exempts("*", "http://example.org/"));
  CHECK(exempts("a,*", "http://127.0.0.1/"));
  CHECK_FALSE(exempts("", "http://example.org/"));
}

TEST_CASE("an address exempts itself however it is written, a network what is in it") {
  CHECK(exempts("127.0.0.1", "http://127.0.0.1:81/"));
  CHECK_FALSE(exempts("127.0.0.1", "http://127.0.0.2/"));
  CHECK_FALSE(exempts("1", "http://127.0.0.1/"));
  CHECK_FALSE(exempts("0.1", "http://127.0.0.1/"));
  CHECK(exempts("::1", "http://[::1]/"));
  CHECK(exempts("[0:0::0:1]", "http://[::1]/"));
  CHECK_FALSE(exempts("::1", "http://[::2]/"));
  CHECK(exempts("10.0.0.0/8", "http://10.255.3.4/"));
  CHECK_FALSE(exempts("10.0.0.0/8", "http://11.0.0.0/"));
  CHECK(exempts("192.168.1.128/25", "http://192.168.1.200/"));
  CHECK_FALSE(exempts("192.168.1.128/25", "http://192.168.1.127/"));
  CHECK(exempts("0.0.0.0/0", "http://8.8.8.8/"));
  CHECK_FALSE(exempts("0.0.0.0/0", "http://[::1]/"));
  CHECK(exempts("fd00::/8", "http://[fdab:cd::1]/"));
  CHECK(exempts("[fd00::]/8", "http://[fdab::]/"));
  CHECK_FALSE(exempts("fd00::/8", "http://[fe80::1]/"));
  CHECK_FALSE(exempts("10.0.0.0/8", "http://ten.test/"));  // not looked up
}

TEST_CASE("a port narrows an exemption down") {
  CHECK(exempts("h:8080", "http://h:8080/"));
  CHECK_FALSE(exempts("h:8080", "http://h/"));
  CHECK(exempts("127.0.0.1:80", "http://127.0.0.1/"));
  CHECK(exempts("[::1]:443", "https://[::1]/"));
  CHECK_FALSE(exempts("[::1]:443", "http://[::1]/"));
}

TEST_CASE("what can't be understood exempts nothing") {
  for (const char* list : {"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/x", "10.0.0.0/", "h:0", "h:x", "[::1", "::g",
                           "1.2.3.4.5", "h/8", "."}) {
    CAPTURE(list);
    CHECK_FALSE(exempts(list, "http://10.0.0.0/"));
    CHECK_FALSE(exempts(list, "http://h/"));
    CHECK_FALSE(exempts(list, "http://[::1]/"));
  }
}

TEST_CASE("addresses are read as numbers") {
  const auto last_of = [](const char* text) { return parse_ip(text)->bytes[15]; };
  CHECK(parse_ip("1.2.3.4")->size == 4);
  CHECK(parse_ip("1.2.3.4")->bytes[3] == 4);
  CHECK(parse_ip("1:2:3:4:5:6:7:8")->bytes[1] == 1);
  CHECK(last_of("1:2:3:4:5:6:7:8") == 8);
  CHECK(last_of("::") == 0);
  CHECK(last_of("1::ff") == 0xff);
  CHECK(last_of("::ffff:1.2.3.4") == 4);
  CHECK(parse_ip("abcd::")->bytes[0] == 0xab);
  for (const char* text :
       {"", ".", ":", "1.2.3", "1.2.3.256", "01.2.3.4", "h", "1.2.3.4.", "[::1]", ":::", "::1%eth0"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_ip(text).has_value());
  }
}
