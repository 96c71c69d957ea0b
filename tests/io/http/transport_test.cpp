// The real transport: what is on the wire, which connections are reused, and how an exchange ends when a peer
// misbehaves or it is abandoned.
#include "io/base/real_clock.h"
#include "io/http/http_transport.h"
#include "support/loopback_origin.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>

using namespace segdl;
using namespace segdl::test;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kCancelled{200};

// A server that answers the n-th request of all with the n-th of these texts (the last one again and again) and keeps
// connections open unless it is "".
class TextServer {
 public:
  explicit TextServer(std::vector<std::string> answers)
      : answers_(std::move(answers)), server_([this](int socket) { serve(socket); }) {}

  std::uint16_t port() const { return server_.port(); }
  unsigned connections() const { return server_.connections(); }
  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve(int socket) {
    std::string pending;
    for (;;) {
      const std::string request = read_request(socket, pending);
      if (request.empty()) return;
      std::string answer;
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
        answer = answers_[std::min(requests_.size(), answers_.size()) - 1];
      }
      if (answer.empty() || !send_all(socket, answer)) return;
      if (answer.find("Connection: close") != std::string::npos) return;
    }
  }

  std::mutex mutex_;
  std::vector<std::string> answers_;
  std::vector<std::string> requests_;
  LoopbackServer server_;  // last: its threads use the rest
};

struct Side {
  std::unique_ptr<Clock> clock = std::make_unique<io::RealClock>();
  std::unique_ptr<Transport> transport;

  explicit Side(io::LookUpFunction look_up = {})
      : transport(std::move(*io::make_http_transport({}, *clock, {{}, std::move(look_up)}))) {}

  Result<std::unique_ptr<Exchange>> get(std::uint16_t port, const std::string& target = "/", Limits limits = {},
                                        std::stop_token stop = {}) {
    return transport->get({*parse_url(fmt::format("http://127.0.0.1:{}{}", port, target)), {}}, limits, stop);
  }
};

std::string body_of(Exchange& exchange) {
  std::string body;
  char piece[100];
  for (;;) {
    const auto got = exchange.read(std::as_writable_bytes(std::span(piece)));
    if (!got) return body + "|" + got.error().reason;
    if (*got == 0) return body;
    body.append(piece, *got);
  }
}

const std::string kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

// Runs `work` with a stop request after a moment; how long it took from the request on.
milliseconds cancelled_after(const std::function<void(std::stop_token)>& work) {
  std::stop_source stop;
  std::chrono::steady_clock::time_point stopped;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(milliseconds(60));
    stopped = std::chrono::steady_clock::now();
    stop.request_stop();
  });
  work(stop.get_token());
  const auto ended = std::chrono::steady_clock::now();
  stopper.join();
  return std::chrono::duration_cast<milliseconds>(ended - stopped);
}

io::Address loopback(const char* text, std::uint16_t port) {
  io::Address address;
  auto* ip = reinterpret_cast<::sockaddr_in*>(&address.storage);
  ip->sin_family = AF_INET;
  ip->sin_port = htons(port);
  ::inet_pton(AF_INET, text, &ip->sin_addr);
  address.size = sizeof *ip;
  return address;
}

}  // namespace

TEST_CASE("exactly this is on the wire") {
  TextServer server({kHello});
  Side side;
  const std::string target = "/a'b,c;d+e%2F%zz%25/\"q\"?x=1&y=a+b";
  HttpRequest request{*parse_url(fmt::format("http://127.0.0.1:{}{}", server.port(), target)),
                      {{"User-Agent", "segdl/test"},
                       {"Accept", "*/*"},
                       {"Accept-Encoding", "identity"},
                       {"Range", "bytes=0-4"},
                       {"Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}}};
  REQUIRE(side.transport->get(request, {}, {}).ok());
  const auto requests = server.requests();
  REQUIRE(requests.size() == 1);
  CHECK(
      requests[0] ==
      fmt::format("GET /a'b,c;d+e%2F%25zz%25/%22q%22?x=1&y=a+b HTTP/1.1\r\nAccept: */*\r\nAccept-Encoding: identity\r\n"
                  "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\nHost: 127.0.0.1:{}\r\nRange: bytes=0-4\r\n"
                  "User-Agent: segdl/test\r\n\r\n",
                  server.port()));
}

TEST_CASE("what was not asked to be sent is not added") {
  TextServer server({kHello});
  Side side;
  HttpRequest request{*parse_url(fmt::format("http://127.0.0.1:{}/", server.port())), {{"X-Empty", ""}}};
  REQUIRE(side.transport->get(request, {}, {}).ok());
  const auto requests = server.requests();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0] == fmt::format("GET / HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nX-Empty: \r\n\r\n", server.port()));
}

TEST_CASE("a connection whose body was read carries the next request") {
  TextServer server({kHello});
  Side side;
  for (int i = 0; i < 3; ++i) CHECK(body_of(**side.get(server.port())) == "hello");
  CHECK(server.connections() == 1);
}

TEST_CASE("a connection whose body was not read to its end is closed") {
  TextServer server({kHello});
  Side side;
  for (int i = 0; i < 3; ++i) REQUIRE(side.get(server.port()).ok());
  CHECK(server.connections() == 3);
}

TEST_CASE("a kept connection that the server has closed costs nothing") {
  TextServer server({kHello, "", kHello});
  Side side;
  CHECK(body_of(**side.get(server.port())) == "hello");
  CHECK(body_of(**side.get(server.port())) == "hello");  // the second request was read and not answered
  CHECK(server.requests().size() == 3);
}

TEST_CASE("a fresh connection that is closed without a word is an error to retry") {
  TextServer server({""});
  Side side;
  const auto got = side.get(server.port());
  REQUIRE_FALSE(got.ok());
  CHECK(got.error().remedy == Remedy::retry);
  CHECK(server.requests().size() == 1);
}

TEST_CASE("bytes behind a body are never taken for the next response") {
  TextServer server({kHello + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged", kHello});
  Side side;
  CHECK(body_of(**side.get(server.port())) == "hello");
  CHECK(body_of(**side.get(server.port())) == "hello");
  CHECK(server.connections() == 2);
}

TEST_CASE("interim responses are skipped, up to a point") {
  const std::string hints = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
  TextServer server({"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" + hints + kHello, "HTTP/1.1 101 Switching\r\n\r\n"});
  Side side;
  CHECK(body_of(**side.get(server.port())) == "hello");
  CHECK_FALSE(side.get(server.port()).ok());
  std::string many;
  for (int i = 0; i < 10'100; ++i) many += hints;
  TextServer patient({many + kHello});
  CHECK(body_of(**side.get(patient.port())) == "hello");
}

TEST_CASE("interim responses without end run into the time limit of the head") {
  std::atomic<bool> over = false;
  LoopbackServer endless([&over](int socket) {
    while (!over && send_all(socket, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")) {
    }
  });
  Side side;
  Limits limits;
  limits.head = milliseconds(150);
  const auto got = side.get(endless.port(), "/", limits);
  over = true;
  REQUIRE_FALSE(got.ok());
  CHECK(got.error().reason == "no response within 0.15 s");
}

TEST_CASE("heads that are too long, too many or not HTTP are refused") {
  for (const std::string& answer :
       {"HTTP/1.1 " + std::string(40'000, '2') + "\r\n\r\n",
        "HTTP/1.1 200 OK\r\nVia: " + std::string(2 * kMaxKeptHead, 'x') + "\r\n\r\n",
        std::string("<html>hello</html>\r\n\r\n"), std::string("HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 5\n\nhello"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: gzip\r\n\r\nhello")}) {
    TextServer server({answer});
    Side side;
    const auto got = side.get(server.port());
    REQUIRE_FALSE(got.ok());
    CHECK(got.error().cause == Cause::network);
  }
}

TEST_CASE("a body shorter than its length is told, and how much of it came") {
  TextServer server({"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\nhello"});
  Side side;
  CHECK(body_of(**side.get(server.port())) == "hello|the connection was closed after 5 of 9 bytes");
}

TEST_CASE("broken chunks are told") {
  for (const char* body : {"5\r\nhello\r\n5\r\nhelloX", "5\r\nhello\r\nzz\r\n", "5\r\nhello\r\n"}) {
    TextServer server(
        {std::string("HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n") + body});
    Side side;
    CHECK(body_of(**side.get(server.port())).starts_with("hello|"));
  }
}

TEST_CASE("beside chunked a length does not count, and the connection is not used again") {
  const std::string odd =
      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  TextServer server({odd, kHello});
  Side side;
  CHECK(body_of(**side.get(server.port())) == "hello");
  CHECK(body_of(**side.get(server.port())) == "hello");
  CHECK(server.connections() == 2);
}

TEST_CASE("what is odd and tolerated is told with the head, and of the body once it was met") {
  TextServer server({"HTTP/1.1 200 OK\nConnection: close\nTransfer-Encoding: chunked\n\n5 \r\nhello\r\n0\r\n\r\n"});
  Side side;
  const auto exchange = side.get(server.port());
  REQUIRE(exchange.ok());
  REQUIRE((*exchange)->head().tolerated.size() == 1);
  CHECK((*exchange)->head().tolerated[0] == "lines of its head that end in a bare LF");
  CHECK(body_of(**exchange) == "hello");
  REQUIRE((*exchange)->head().tolerated.size() == 2);
  CHECK((*exchange)->head().tolerated[1] == "blanks around the sizes of its chunks");
}

TEST_CASE("a server that says it is still at work is waited for longer, one that says so for ever is not") {
  const auto talks = [](int times, const std::string& what) {
    return [=](int socket) {
      for (int i = 0; i < times; ++i) {
        if (!send_all(socket, what)) return;
        std::this_thread::sleep_for(milliseconds(60));
      }
      send_all(socket, kHello);
    };
  };
  Limits limits;
  limits.head = milliseconds(150);
  Side side;
  LoopbackServer patient(talks(6, "HTTP/1.1 102 Processing\r\n\r\n"));
  CHECK(side.get(patient.port(), "/", limits).ok());
  LoopbackServer other(talks(6, "HTTP/1.1 103 Early Hints\r\n\r\n"));
  CHECK_FALSE(side.get(other.port(), "/", limits).ok());
  LoopbackServer endless([](int socket) {
    while (send_all(socket, "HTTP/1.1 102 Processing\r\n\r\n")) std::this_thread::sleep_for(milliseconds(5));
  });
  limits.head = milliseconds(100);
  const auto got = side.get(endless.port(), "/", limits);
  REQUIRE_FALSE(got.ok());
  CHECK(got.error().reason == "no response within 0.1 s");
}

TEST_CASE("a dripping head runs into its deadline") {
  LoopbackServer server([](int socket) {
    for (const char c : std::string("HTTP/1.1 200 OK\r\n")) {
      if (!send_all(socket, std::string(1, c))) return;
      std::this_thread::sleep_for(milliseconds(40));
    }
  });
  Side side;
  Limits limits;
  limits.head = milliseconds(150);
  const auto got = side.get(server.port(), "/", limits);
  REQUIRE_FALSE(got.ok());
  CHECK(got.error().reason == "no response within 0.15 s");
}

TEST_CASE("a crawling body is given up") {
  LoopbackServer server([](int socket) {
    send_all(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    for (int i = 0; i < 100 && send_all(socket, "x"); ++i) std::this_thread::sleep_for(milliseconds(20));
  });
  Side side;
  Limits limits;
  limits.min_speed = 1024;
  limits.speed_window = milliseconds(150);
  auto got = side.get(server.port(), "/", limits);
  REQUIRE(got.ok());
  CHECK(body_of(**got).ends_with("slower than 1024 bytes/s for 0.15 s"));
}

TEST_CASE("a stop request ends every phase at once") {
  SUBCASE("resolving") {
    Side side([](const std::string&, std::uint16_t) {
      std::this_thread::sleep_for(milliseconds(900));
      return io::LookUp{{}, EAI_AGAIN};
    });
    CHECK(cancelled_after([&](std::stop_token stop) {
            const auto got = side.transport->get({*parse_url("http://slow.test/"), {}}, {}, stop);
            CHECK(got.error().cause == Cause::cancelled);
          }) < kCancelled);
  }
  SUBCASE("waiting for a head") {
    LoopbackServer server([](int socket) {
      std::string pending;
      read_request(socket, pending);
      read_request(socket, pending);
    });
    Side side;
    CHECK(cancelled_after([&](std::stop_token stop) {
            CHECK(side.get(server.port(), "/", {}, stop).error().cause == Cause::cancelled);
          }) < kCancelled);
  }
  SUBCASE("shaking hands") {
    LoopbackServer server([](int socket) {
      std::string pending;
      read_request(socket, pending);
    });
    Side side;
    CHECK(cancelled_after([&](std::stop_token stop) {
            const auto url = parse_url(fmt::format("https://127.0.0.1:{}/", server.port()));
            CHECK(side.transport->get({*url, {}}, {}, stop).error().cause == Cause::cancelled);
          }) < kCancelled);
  }
}

TEST_CASE("a name nobody knows ends at once, a name server in trouble may be asked again") {
  Side unknown([](const std::string&, std::uint16_t) { return io::LookUp{{}, EAI_NONAME}; });
  const auto never = unknown.transport->get({*parse_url("http://x.test/"), {}}, {}, {});
  CHECK(never.error().remedy == Remedy::stop);
  CHECK(never.error().reason == "unknown host");
  Side troubled([](const std::string&, std::uint16_t) { return io::LookUp{{}, EAI_AGAIN}; });
  CHECK(troubled.transport->get({*parse_url("http://x.test/"), {}}, {}, {}).error().remedy == Remedy::retry);
}

TEST_CASE("all addresses are tried, dead ones do not stop it") {
  TextServer server({kHello});
  const std::uint16_t port = server.port();
  Side side([port](const std::string&, std::uint16_t) {
    // Nothing listens on 127.0.0.2; 240.0.0.1 leads nowhere.
    return io::LookUp{{loopback("127.0.0.2", port), loopback("240.0.0.1", port), loopback("127.0.0.1", port)}, 0};
  });
  auto got = side.transport->get({*parse_url(fmt::format("http://many.test:{}/", port)), {}}, {}, {});
  REQUIRE(got.ok());
  CHECK(body_of(**got) == "hello");
}

TEST_CASE("an address that accepts connections and says nothing comes behind the others from then on") {
  TextServer silent({""});
  TextServer server({kHello});
  Side side([&](const std::string&, std::uint16_t) {
    return io::LookUp{{loopback("127.0.0.1", silent.port()), loopback("127.0.0.1", server.port())}, 0};
  });
  const auto get = [&] { return side.transport->get({*parse_url("http://many.test/"), {}}, {}, {}).ok(); };
  CHECK_FALSE(get());
  for (int i = 0; i < 3; ++i) CHECK(get());
  CHECK(silent.connections() == 1);
}

TEST_CASE("when every address is dead the last error is told") {
  std::uint16_t port = 0;
  { port = TextServer({kHello}).port(); }
  Side side;
  const auto got = side.get(port);
  REQUIRE_FALSE(got.ok());
  CHECK(got.error().message() == fmt::format("connect to 127.0.0.1:{}: Connection refused", port));
  CHECK(got.error().remedy == Remedy::retry);
}
