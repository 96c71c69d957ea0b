// What is on the wire between segdl and a proxy, and what a proxy that misbehaves can do (doc/http.md, proxies).
#include "io/base/real_clock.h"
#include "io/http/http_transport.h"
#include "io/net/proxied.h"
#include "io/net/scripted_proxy.h"
#include "support/loopback_origin.h"
#include "support/test_certificates.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

using namespace segdl;
using namespace segdl::test;
using std::chrono::milliseconds;

namespace {

const std::string kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const std::string kTunnel = "HTTP/1.1 200 Connection established\r\n\r\n";

std::shared_ptr<::SSL_CTX> certificate(const std::string& names = "DNS:origin.test") {
  return TestAuthority().server_context({.alternative_names = names});
}

std::string at(const ScriptedProxy& proxy) { return fmt::format("127.0.0.1:{}", proxy.port()); }

// Without the numbers of ports.
Error refusal_of(ScriptedProxy& proxy, const std::string& url = "https://origin.test/f") {
  const auto got = Side("http://" + at(proxy)).get(url);
  REQUIRE_FALSE(got.ok());
  return got.error();
}

const Field kOriginSecret{"Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="};
const std::string kWantsBasic =
    "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n";

}  // namespace

TEST_CASE("a plain request goes to the proxy with its whole URL, and the proxy's credentials beside the origin's") {
  ScriptedProxy proxy({kWantsBasic, kHello});
  Side side("http://user:pa%3Ass@" + at(proxy));
  HttpRequest request{*parse_url("http://me:secret@Origin.test:8080/a%20b?x=1"), {{"Accept", "*/*"}, kOriginSecret}};
  request.fields.push_back({"User-Agent", "segdl/test"});
  REQUIRE(side.transport->get(request, {}, {}).ok());
  CHECK(proxy.at_proxy(0).find("Proxy-Authorization") == std::string::npos);  // not asked for yet
  CHECK(proxy.at_proxy(1) ==
        "GET http://origin.test:8080/a%20b?x=1 HTTP/1.1\r\nAccept: */*\r\n"
        "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\nHost: origin.test:8080\r\n"
        "Proxy-Authorization: Basic dXNlcjpwYTpzcw==\r\nUser-Agent: segdl/test\r\n\r\n");
}

TEST_CASE("a tunnel is asked for without the origin's secrets, and nothing of the proxy's goes through it") {
  ScriptedProxy proxy({kWantsBasic, kTunnel}, certificate());
  Side side("http://user:pa%3Ass@" + at(proxy));
  HttpRequest request{*parse_url("https://origin.test/f?token=t"), {{"Accept", "*/*"}, kOriginSecret}};
  request.fields.push_back({"Cookie", "c=1"});
  request.fields.push_back({"User-Agent", "segdl/test"});
  REQUIRE(side.transport->get(request, {}, {}).ok());
  CHECK(proxy.at_proxy(0) == "CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\n\r\n");
  CHECK(proxy.at_proxy(1) ==
        "CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\n"
        "Proxy-Authorization: Basic dXNlcjpwYTpzcw==\r\n\r\n");
  CHECK(proxy.at_origin(0) ==
        "GET /f?token=t HTTP/1.1\r\nAccept: */*\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\nCookie: c=1\r\n"
        "Host: origin.test\r\nUser-Agent: segdl/test\r\n\r\n");
}

TEST_CASE("without credentials for it the proxy gets none") {
  ScriptedProxy plain({kHello});
  CHECK(Side(at(plain)).body("http://origin.test/") == "hello");
  CHECK(plain.at_proxy(0).find("Proxy-") == std::string::npos);
  ScriptedProxy tunnel({kTunnel}, certificate("IP:::1"));
  CHECK(Side(at(tunnel)).body("https://[::1]:8443/") == "hello");
  CHECK(tunnel.at_proxy(0) == "CONNECT [::1]:8443 HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n");
}

TEST_CASE("the proxy is looked up here, and the origin by the proxy") {
  ScriptedProxy proxy({kHello, kTunnel}, certificate());
  Side side(fmt::format("http://proxy.test:{}", proxy.port()));
  CHECK(side.body("http://origin.test/") == "hello");
  CHECK(side.body("https://origin.test/") == "hello");
  CHECK(side.looked_up == "proxy.test ");
}

TEST_CASE("what is exempt is asked without the proxy") {
  OriginScript script;
  script.size(5);
  LoopbackOrigin origin(script);
  ScriptedProxy proxy({kHello});
  CHECK(Side(at(proxy), "127.0.0.0/8").body(origin.url("/")).size() == 5);
  CHECK(proxy.connections() == 0);
  CHECK(script.log().at(0).target == "/");
}

TEST_CASE("a connection through a proxy is kept for its origin and for no other") {
  ScriptedProxy plain({kHello});
  Side side(at(plain));
  for (const char* url :
       {"http://a.test/1", "http://a.test/2", "http://b.test/", "http://a.test:81/", "http://a.test/3"}) {
    CHECK(side.body(url) == "hello");
  }
  CHECK(plain.connections() == 3);
  ScriptedProxy tunnel({kTunnel}, certificate());
  Side secure(at(tunnel));
  for (const char* url : {"https://a.test/1", "https://a.test/2", "https://b.test/"})
    CHECK(secure.body(url) == "hello");
  CHECK(tunnel.connections() == 2);
  CHECK(tunnel.requests() == 2);
}

TEST_CASE("a kept connection that the proxy has closed costs nothing") {
  ScriptedProxy proxy({kHello, "", kHello});
  Side side(at(proxy));
  CHECK(side.body("http://origin.test/") == "hello");
  CHECK(side.body("http://origin.test/") == "hello");
  CHECK(proxy.requests() == 3);
}

TEST_CASE("a refused tunnel is the proxy's refusal, and TLS is never begun") {
  struct Row {
    const char* answer;
    const char* words;
    bool passes;
    const char* hint;  // its beginning
  };
  const Row rows[] = {
      {"407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"",
       "407 (proxy authorization required)", false, "give a name and password in the proxy's URL: http://NAME:PASS@"},
      {"407 No\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Digest realm=\"x\"",
       "407 (proxy authorization required)", false, "it asks for NTLM or Digest without a nonce, which segdl"},
      {"403 Forbidden\r\nContent-Length: 6", "403 (forbidden)", false, "ask the operator of the proxy"},
      {"404 Not Found", "404 (not found)", false, ""},
      {"302 Found\r\nLocation: https://login.test/", "302 (refused)", false, ""},
      {"501 Not Implemented", "501 (refused)", false, ""},
      {"502 Bad Gateway", "502 (bad gateway)", true, ""},
      {"503 Busy\r\nRetry-After: 7", "503 (service unavailable)", true, ""},
      {"504 Late", "504 (gateway timeout)", true, ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.answer);
    ScriptedProxy proxy({fmt::format("HTTP/1.1 {}\r\n\r\n<html>", row.answer)}, certificate());
    const Error error = refusal_of(proxy);
    CHECK(error.cause == Cause::refused);
    CHECK(error.message() ==
          fmt::format("connect to origin.test:443: the proxy 127.0.0.1:{} answered {}", proxy.port(), row.words));
    CHECK(error.http_status == std::stoi(row.answer));
    CHECK((error.remedy == Remedy::retry) == row.passes);
    CHECK(describe(error.hints).starts_with(row.hint));
    CHECK(error.hints.empty() == (*row.hint == '\0'));
    CHECK(error.retry_after.value_or(std::chrono::seconds(0)).count() == (error.http_status == 503 ? 7 : 0));
    CHECK(proxy.behind_refusal().empty());
  }
}

TEST_CASE("credentials that the proxy does not take are named, and not shown") {
  ScriptedProxy proxy({"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"});
  Side side("http://user:secret@" + at(proxy));
  for (const char* url : {"http://origin.test/f", "https://origin.test/f"}) {
    CAPTURE(url);
    const auto got = side.get(url);
    REQUIRE_FALSE(got.ok());
    CHECK(got.error().cause == Cause::refused);
    CHECK(got.error().remedy == Remedy::stop);
    CHECK(got.error().reason ==
          fmt::format("the proxy 127.0.0.1:{} answered 407 (proxy authorization required)", proxy.port()));
    CHECK(got.error().hints == Hints{Hint::check_proxy_credentials});
  }
}

TEST_CASE("a proxy that asks for Digest gets it with the target that it was sent, and never the password") {
  const std::string wants =
      "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
      "Proxy-Authenticate: Digest realm=\"x\", nonce=\"n\", qop=\"auth\"\r\nContent-Length: 0\r\n\r\n";
  const auto count_of = [](const std::string& request) {
    const auto at = request.find(", nc=");
    return at == std::string::npos ? std::string("none") : request.substr(at + 5, 8);
  };
  ScriptedProxy plain({wants, kHello});
  Side side("http://user:secret@" + at(plain));
  CHECK(side.body("http://origin.test/f?x") == "hello");
  CHECK(side.body("http://origin.test/g") == "hello");
  CHECK(plain.at_proxy(1).find("uri=\"http://origin.test/f?x\"") != std::string::npos);
  CHECK(count_of(plain.at_proxy(0)) + count_of(plain.at_proxy(1)) + count_of(plain.at_proxy(2)) ==
        "none0000000100000002");

  ScriptedProxy tunnel({wants, kTunnel}, certificate());
  Side secure("http://user:secret@" + at(tunnel));
  CHECK(secure.body("https://origin.test/f") == "hello");
  CHECK(secure.body("https://other.test/f") == "hello");
  CHECK(tunnel.at_proxy(1).find("uri=\"origin.test:443\"") != std::string::npos);
  CHECK(count_of(tunnel.at_proxy(0)) + count_of(tunnel.at_proxy(1)) + count_of(tunnel.at_proxy(2)) ==
        "none0000000100000002");
  for (ScriptedProxy* proxy : {&plain, &tunnel}) {
    for (std::size_t i = 0; i < proxy->requests(); ++i) {
      CHECK(proxy->at_proxy(i).find("Basic") == std::string::npos);
    }
  }
  CHECK(tunnel.at_origin(0).find("Digest") == std::string::npos);

  for (const char* url : {"http://origin.test/f", "https://origin.test/f"}) {
    CAPTURE(url);
    ScriptedProxy wrong({wants});
    const auto got = Side("http://user:wrong@" + at(wrong)).get(url);
    REQUIRE_FALSE(got.ok());
    CHECK(got.error().remedy == Remedy::stop);
    CHECK(got.error().hints == Hints{Hint::check_proxy_credentials});
    CHECK(wrong.requests() == 2);
  }
}

TEST_CASE("bytes behind the answer are not the tunnel's, and end it before TLS begins") {
  for (const char* answer : {"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
                             "HTTP/1.1 200 OK\r\n\r\n\x16\x03\x03", "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"}) {
    CAPTURE(answer);
    ScriptedProxy proxy({answer});
    const Error error = refusal_of(proxy);
    CHECK(error.cause == Cause::network);
    CHECK(error.reason.ends_with("sent more than an answer before the tunnel was used"));
    CHECK(proxy.behind_refusal().empty());
  }
}

TEST_CASE("the framing of a 2xx does not count, and interim answers are skipped") {
  for (const char* answer :
       {"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", "HTTP/1.0 200 Connection established\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\nVia: x\n\n", "HTTP/1.1 299 Odd\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"}) {
    CAPTURE(answer);
    ScriptedProxy proxy({answer}, certificate());
    CHECK(Side(at(proxy)).body("https://origin.test/") == "hello");
  }
  ScriptedProxy slow({"HTTP/1.1 102 Processing\r\n\r\n" + kTunnel}, certificate());
  CHECK(Side(at(slow)).body("https://origin.test/") == "hello");
}

TEST_CASE("an answer that is no HTTP opens no tunnel") {
  for (const std::string& answer :
       {std::string("<html>welcome</html>\r\n\r\n"), std::string("HTTP/1.1 200 OK\r\nA: b\n\r\n"),
        "HTTP/1.1 200 OK\r\nVia: " + std::string(2 * kMaxKeptHead, 'x') + "\r\n\r\n",
        "HTTP/1.1 100 X\r\n\r\nbody" + kTunnel, std::string("HTTP/1.1 200 OK\r\nConnection : close\r\n\r\n")}) {
    CAPTURE(answer.substr(0, 60));
    ScriptedProxy proxy({answer});
    const Error error = refusal_of(proxy);
    CHECK(error.cause == Cause::network);
    CHECK(error.subject == "origin.test:443");
    CHECK(error.reason.find("gave an answer that is no valid response: ") != std::string::npos);
  }
}

TEST_CASE("a proxy that closes without a whole answer may be asked again") {
  LoopbackServer silent([](int socket) {
    std::string pending;
    read_request(socket, pending);
  });
  LoopbackServer torn([](int socket) {
    std::string pending;
    read_request(socket, pending);
    send_all(socket, "HTTP/1.1 200 OK\r\nX:");
  });
  const auto words = [](std::uint16_t port) {
    const auto got = Side(fmt::format("127.0.0.1:{}", port)).get("https://origin.test/");
    CHECK(got.error().remedy == Remedy::retry);
    return got.error().reason.substr(got.error().reason.find("closed"));
  };
  CHECK(words(silent.port()) == "closed the connection without an answer");
  CHECK(words(torn.port()) == "closed the connection inside its answer");
}

TEST_CASE("TLS where the proxy should speak HTTP is told as that") {
  ScriptedProxy proxy({std::string("\x15\x03\x01\x00\x02\x02\x46", 7)});
  for (const char* url : {"http://origin.test/", "https://origin.test/"}) {
    CAPTURE(url);
    const auto got = Side(at(proxy)).get(url);
    REQUIRE_FALSE(got.ok());
    CHECK(got.error().cause == Cause::tls);
    CHECK(got.error().reason == "the proxy speaks TLS on this port");
  }
}

TEST_CASE("SOCKS where the proxy should speak HTTP is told as that") {
  for (const char* version : {"\x05\xff", "\x00\x5b\x00\x00\x00\x00\x00\x00"}) {
    ScriptedProxy proxy({std::string(version, *version == 0 ? 8 : 2)});
    for (const char* url : {"http://origin.test/", "https://origin.test/"}) {
      CAPTURE(url);
      const auto got = Side(at(proxy)).get(url);
      REQUIRE_FALSE(got.ok());
      CHECK(got.error().remedy == Remedy::stop);
      CHECK(got.error().reason == fmt::format("the proxy 127.0.0.1:{} speaks SOCKS, not HTTP", proxy.port()));
      CHECK(describe(got.error().hints).find("socks5h://") != std::string::npos);
    }
  }
}

TEST_CASE("a proxy that says nothing may be one of another kind, and that is told") {
  ScriptedProxy silent({""});
  for (const char* scheme : {"http", "socks5h"}) {
    for (const char* url : {"http://origin.test/", "https://origin.test/"}) {
      CAPTURE(scheme);
      CAPTURE(url);
      const auto got = Side(fmt::format("{}://127.0.0.1:{}", scheme, silent.port())).get(url);
      REQUIRE_FALSE(got.ok());
      CHECK(got.error().remedy == Remedy::retry);
      CHECK(describe(got.error().hints).find("wrong port or scheme") != std::string::npos);
    }
  }
}

TEST_CASE("the time for a connection bounds a proxy that is silent, that drips, and whatever follows") {
  Limits limits;
  limits.connect = milliseconds(150);
  std::atomic<bool> done = false;
  const auto drip = [&](const std::string& text) {
    return [&done, text](int socket) {
      std::string pending;
      read_request(socket, pending);
      for (std::size_t i = 0; !done && send_all(socket, text.substr(std::min(i, text.size()), 1)); ++i)
        ::usleep(10'000);
    };
  };
  LoopbackServer silent(drip(""));
  LoopbackServer dripping(drip("HTTP/1.1 200 OK\r\nX: " + std::string(10'000, 'x')));
  LoopbackServer mute([&](int socket) {  // opens the tunnel, and nothing is behind it
    std::string pending;
    read_request(socket, pending);
    send_all(socket, kTunnel);
    while (!done) ::usleep(10'000);
  });
  for (const LoopbackServer* server : {&silent, &dripping, &mute}) {
    const auto got = Side(fmt::format("127.0.0.1:{}", server->port())).get("https://origin.test/", limits);
    REQUIRE_FALSE(got.ok());
    CHECK(got.error().remedy == Remedy::retry);
    CHECK(got.error().reason == "no connection within 0.15 s");
  }
  done = true;
}

TEST_CASE("a stop request ends the wait for a tunnel at once") {
  LoopbackServer silent([](int socket) {
    std::string pending;
    while (!read_request(socket, pending).empty()) {
    }
  });
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(milliseconds(60));
    stop.request_stop();
  });
  const auto got = Side(fmt::format("127.0.0.1:{}", silent.port())).get("https://origin.test/", {}, stop.get_token());
  CHECK(got.error().cause == Cause::cancelled);
}

TEST_CASE("a proxy that can't be reached or found is named") {
  std::uint16_t port = 0;
  { port = ScriptedProxy({kHello}).port(); }
  for (const char* url : {"http://origin.test/", "https://origin.test/"}) {
    const auto got = Side(fmt::format("127.0.0.1:{}", port)).get(url);
    REQUIRE_FALSE(got.ok());
    CHECK(got.error().message() == fmt::format("connect to the proxy 127.0.0.1:{}: Connection refused", port));
    CHECK(got.error().remedy == Remedy::retry);
  }
  CHECK(Side("nobody.test:1").get("http://origin.test/").error().message() ==
        "look up the proxy nobody.test: unknown host");
}

TEST_CASE("a proxy that can't be used is a wrong request") {
  const auto got = Side("socks4://user:secret@127.0.0.1:1").get("http://origin.test/");
  REQUIRE_FALSE(got.ok());
  CHECK(got.error().cause == Cause::usage);
  CHECK(got.error().message().find("secret") == std::string::npos);
}

TEST_CASE("through a tunnel the origin's certificate is checked as without one") {
  ScriptedProxy proxy({kTunnel}, certificate());
  const auto got = Side(at(proxy), "", false).get("https://origin.test/");
  REQUIRE_FALSE(got.ok());
  CHECK(got.error().cause == Cause::tls);
  CHECK(got.error().subject == "origin.test");
}
