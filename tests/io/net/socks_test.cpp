// What is on the wire between segdl and a SOCKS5 proxy, and what one that lies can do (RFC 1928, RFC 1929).
#include "io/net/proxied.h"
#include "support/loopback_server.h"
#include "support/server_channel.h"
#include "support/test_certificates.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <sys/socket.h>

#include <chrono>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace segdl;
using namespace segdl::test;
using std::chrono::milliseconds;
using namespace std::string_literals;

namespace {

const std::string kOpen = "\5\0"s;  // no credentials
const std::string kAsksPassword = "\5\2"s;
const std::string kMade = "\5\0\0\1\x7f\0\0\1\0\x50"s;  // connected from 127.0.0.1:80
const std::string kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

// Answers each request with the next text; "" closes the connection. After the last it plays the origin, with TLS if
// there is a context, or stays silent if it is set to.
class ScriptedSocks {
 public:
  explicit ScriptedSocks(std::vector<std::string> answers, ::SSL_CTX* origin = nullptr, bool silent = false)
      : answers_(std::move(answers)),
        origin_(origin),
        silent_(silent),
        server_([this](int socket) { serve(socket); }) {}

  std::string address(const std::string& scheme = "socks5h", const std::string& user = "") const {
    return fmt::format("{}://{}127.0.0.1:{}", scheme, user, server_.port());
  }
  std::uint16_t port() const { return server_.port(); }
  // All that was sent to it before it played the origin, one text for each message, over all connections.
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  void serve(int socket) {
    char bytes[4096];
    while (has_more()) {
      const auto got = ::recv(socket, bytes, sizeof bytes, 0);
      if (got <= 0) return;
      const std::string answer = answer_to({bytes, static_cast<std::size_t>(got)});
      if (answer.empty() || !send_all(socket, answer)) return;
    }
    if (silent_) {
      while (::recv(socket, bytes, sizeof bytes, 0) > 0) {
      }
      return;
    }
    ServerChannel channel(socket, origin_);
    while (channel.ready() && channel.receive(bytes) > 0 && channel.send(std::as_bytes(std::span(kHello)))) {
    }
  }

  bool has_more() {
    const std::lock_guard lock(mutex_);
    return asked_.size() < answers_.size();
  }
  std::string answer_to(std::string message) {
    const std::lock_guard lock(mutex_);
    asked_.push_back(std::move(message));
    return answers_[asked_.size() - 1];
  }

  std::mutex mutex_;
  std::vector<std::string> answers_;
  std::vector<std::string> asked_;
  ::SSL_CTX* origin_;
  bool silent_;
  LoopbackServer server_;  // last: its threads use the rest
};

Error refusal_of(std::vector<std::string> answers, const std::string& user = "",
                 const char* url = "http://origin.test/") {
  ScriptedSocks proxy(std::move(answers));
  const auto got = Side(proxy.address("socks5h", user)).get(url);
  REQUIRE_FALSE(got.ok());
  return got.error();
}

}  // namespace

TEST_CASE("a name is given to the proxy as it is, and looked up by it") {
  for (const char* scheme : {"socks5h", "socks"}) {
    ScriptedSocks proxy({kOpen, kMade});
    Side side(proxy.address(scheme));
    CHECK(side.body("http://origin.test:8080/f") == "hello");
    CHECK(side.looked_up.empty());
    REQUIRE(proxy.asked().size() == 2);
    CHECK(proxy.asked().at(0) == "\5\1\0"s);
    CHECK(proxy.asked().at(1) == "\5\1\0\3\x0borigin.test\x1f\x90"s);
  }
}

TEST_CASE("an address is given as such, and with socks5 a name is looked up here") {
  ScriptedSocks four({kOpen, kMade}), six({kOpen, kMade});
  CHECK(Side(four.address()).body("http://127.0.0.9/") == "hello");
  CHECK(four.asked().at(1) == "\5\1\0\1\x7f\0\0\x09\0\x50"s);
  CHECK(Side(six.address()).body("http://[::9]/") == "hello");
  CHECK(six.asked().at(1) == "\5\1\0\4"s + std::string(15, '\0') + "\x09\0\x50"s);
  ScriptedSocks here({kOpen, kMade});
  Side side(here.address("socks5"));
  CHECK(side.body("http://proxy.test/") == "hello");
  CHECK(side.looked_up == "proxy.test ");
  CHECK(here.asked().at(1) == "\5\1\0\1\x7f\0\0\1\0\x50"s);
  CHECK(Side(here.address("socks5")).get("http://unknown.test/").error().message() ==
        "look up unknown.test: unknown host");
}

TEST_CASE("where the proxy can't reach one address of a name, it is asked for the next") {
  ScriptedSocks proxy({kOpen, "\5\4\0\1\0\0\0\0\0\0"s, kOpen, kMade});
  CHECK(Side(proxy.address("socks5")).body("http://two.test/") == "hello");
  CHECK(proxy.asked().at(1) == "\5\1\0\1\x7f\0\0\1\0\x50"s);
  CHECK(proxy.asked().at(3) == "\5\1\0\1\x7f\0\0\2\0\x50"s);
}

TEST_CASE("name and password are offered where they are given, and sent where they are wanted") {
  ScriptedSocks wants({kAsksPassword, "\1\0"s, kMade});
  CHECK(Side(wants.address("socks5h", "us%3Aer:pa%40ss@")).body("http://origin.test/") == "hello");
  CHECK(wants.asked().at(0) == "\5\2\0\2"s);
  CHECK(wants.asked().at(1) == "\1\5us:er\5pa@ss"s);
  ScriptedSocks wants_none({kOpen, kMade});
  CHECK(Side(wants_none.address("socks5h", "user:pass@")).body("http://origin.test/") == "hello");
  CHECK(wants_none.asked().at(1).starts_with("\5\1\0\3"s));
}

TEST_CASE("through SOCKS the origin gets the request itself, and with TLS nobody else does") {
  const auto context = TestAuthority().server_context({.alternative_names = "DNS:origin.test"});
  ScriptedSocks proxy({kOpen, kMade}, context.get());
  Side side(proxy.address());
  CHECK(side.body("https://origin.test/a") == "hello");
  CHECK(side.body("https://origin.test/b") == "hello");  // over the same connection: the proxy is not asked again
  CHECK(proxy.asked().size() == 2);
  ScriptedSocks checked({kOpen, kMade}, context.get());
  const auto got = Side(checked.address(), "", false).get("https://origin.test/");
  REQUIRE_FALSE(got.ok());
  CHECK(got.error().cause == Cause::tls);
  CHECK(got.error().subject == "origin.test");
}

TEST_CASE("an answer may come a byte at a time, with any address in it, or a name") {
  for (const std::string& made :
       {kMade, "\5\0\0\4"s + std::string(18, 'x'), "\5\0\0\3\4name\0\1"s, "\5\0\0\3\0\0\1"s}) {
    LoopbackServer slow([&](int socket) {
      char bytes[300];
      for (const std::string& answer : {kOpen, made}) {
        if (::recv(socket, bytes, sizeof bytes, 0) <= 0) return;
        for (const char c : answer) {
          if (!send_all(socket, std::string(1, c))) return;
          std::this_thread::sleep_for(milliseconds(2));
        }
      }
      if (::recv(socket, bytes, sizeof bytes, 0) > 0) send_all(socket, kHello);
    });
    CHECK(Side(fmt::format("socks5h://127.0.0.1:{}", slow.port())).body("http://origin.test/") == "hello");
  }
}

TEST_CASE("what a proxy refuses is its refusal, in words, with a way out") {
  const Error method = refusal_of({"\5\xff"s});
  CHECK(method.cause == Cause::refused);
  CHECK(method.remedy == Remedy::stop);
  CHECK(describe(method.hints)
            .starts_with("give a name and password in the proxy's URL: socks5h://NAME:PASS@127.0.0.1:"));
  CHECK(method.subject == "origin.test:80");
  for (const auto& answers :
       {std::vector<std::string>{"\5\xff"s}, {kAsksPassword, "\1\1"s}, {kAsksPassword, "\1\xff"s}}) {
    const Error wrong = refusal_of(answers, "user:secret@");
    CHECK(wrong.cause == Cause::refused);
    CHECK(wrong.remedy == Remedy::stop);
    CHECK(wrong.hints == Hints{Hint::check_proxy_credentials});
    CHECK(wrong.message().find("secret") == std::string::npos);
  }
  struct Row {
    char code;
    const char* words;
    Remedy remedy;
  };
  for (const auto& [code, words, remedy] :
       {Row{1, "general failure", Remedy::retry}, Row{2, "not allowed by its rules", Remedy::stop},
        Row{3, "network unreachable", Remedy::retry}, Row{4, "host unreachable", Remedy::retry},
        Row{5, "connection refused", Remedy::retry}, Row{6, "time to live expired", Remedy::retry},
        Row{7, "command not supported", Remedy::stop}, Row{8, "address type not supported", Remedy::stop}}) {
    const Error error = refusal_of({kOpen, "\5"s + code});  // without the rest, which some leave out
    CHECK(error.reason.ends_with(fmt::format("could not connect: {}", words)));
    CHECK(error.remedy == remedy);
    CHECK((error.cause == Cause::refused) == (code == 2));
  }
}

TEST_CASE("an answer that is none of SOCKS5 opens nothing, and says what to look at") {
  for (const auto& answers : {std::vector<std::string>{"HTTP/1.1 400 Bad Request\r\n\r\n"},
                              {"\0\x5a"s},
                              {"\4\0"s},
                              {"\x15\3"s},
                              {"\5\1"s},
                              {kAsksPassword},
                              {kOpen, "\4\0\0\1\0\0\0\0\0\0"s},
                              {kOpen, "\5\x09"s},
                              {kOpen, "\5\xff"s},
                              {kOpen, "\5\0\0\2\0\0\0\0\0\0"s}}) {
    const Error error = refusal_of(answers);
    CAPTURE(error.reason);
    CHECK(error.cause == Cause::network);
    CHECK(error.hints == Hints{Hint::check_proxy_scheme});
  }
  CHECK(refusal_of({"HTTP/1.1 400 Bad Request\r\n\r\n"}).reason.ends_with("speaks HTTP, not SOCKS5"));
}

TEST_CASE("answers that are too short or too long end the try, and are never the origin's") {
  const auto words = [](std::vector<std::string> answers) {
    const Error error = refusal_of(std::move(answers), "", "http://origin.test/");
    CHECK(error.cause == Cause::network);
    CHECK(error.remedy == Remedy::retry);
    return error.reason.substr(error.reason.find(' ', error.reason.find("127.0.0.1")) + 1);
  };
  CHECK(words({""}) == "closed the connection without an answer");
  CHECK(words({kOpen, ""}) == "closed the connection inside its answer");
  CHECK(words({kOpen, kMade + kHello}) == "sent more than an answer before it was asked further");
  CHECK(words({kOpen, kMade + "x"}) == "sent more than an answer before it was asked further");
  for (std::size_t size = 1; size < kMade.size(); ++size) {
    LoopbackServer torn([&](int socket) {
      char bytes[300];
      if (::recv(socket, bytes, sizeof bytes, 0) > 0 && send_all(socket, kOpen) &&
          ::recv(socket, bytes, sizeof bytes, 0) > 0) {
        send_all(socket, kMade.substr(0, size));
      }
    });
    const auto got = Side(fmt::format("socks5h://127.0.0.1:{}", torn.port())).get("http://origin.test/");
    REQUIRE_FALSE(got.ok());
    CHECK(got.error().reason.ends_with("closed the connection inside its answer"));
  }
}

TEST_CASE("a proxy that falls silent anywhere is bounded, and a stop request ends the wait") {
  const std::vector<std::vector<std::string>> talks = {
      {}, {"\5"s}, {kOpen}, {kOpen, "\5\0\0"s}, {kOpen, "\5\0\0\3\x50"s}};
  for (const auto& answers : talks) {
    CAPTURE(answers.size());
    ScriptedSocks proxy(answers, nullptr, true);
    Limits limits;
    limits.connect = milliseconds(120);
    const auto got = Side(proxy.address()).get("http://origin.test/", limits);
    REQUIRE_FALSE(got.ok());
    CHECK(got.error().reason == "no connection within 0.12 s");
    CHECK(got.error().remedy == Remedy::retry);
    ScriptedSocks again(answers, nullptr, true);
    std::stop_source stop;
    std::jthread stopper([&] {
      std::this_thread::sleep_for(milliseconds(40));
      stop.request_stop();
    });
    CHECK(Side(again.address()).get("http://origin.test/", {}, stop.get_token()).error().cause == Cause::cancelled);
  }
}

TEST_CASE("a SOCKS proxy that can't be reached is named") {
  std::uint16_t port = 0;
  { port = ScriptedSocks({kOpen}).port(); }
  CHECK(Side(fmt::format("socks5h://127.0.0.1:{}", port)).get("https://origin.test/").error().message() ==
        fmt::format("connect to the proxy 127.0.0.1:{}: Connection refused", port));
}
