// The origin over real sockets, asked by hand.
#include "support/loopback_origin.h"
#include "support/pattern.h"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>

using namespace segdl;
using namespace segdl::test;

namespace {

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    ::sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_, reinterpret_cast<::sockaddr*>(&address), sizeof address) == 0);
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void ask(const std::string& request) { REQUIRE(send_all(socket_, request)); }
  void leave() { ::shutdown(socket_, SHUT_RDWR); }

  std::string read(std::size_t size) {
    std::string text(size, '\0');
    std::size_t have = 0;
    while (have < size) {
      const auto got = ::recv(socket_, text.data() + have, size - have, 0);
      if (got <= 0) break;
      have += static_cast<std::size_t>(got);
    }
    text.resize(have);
    return text;
  }

  // Everything up to the end of the connection, which must come; whether it was a reset.
  std::pair<std::string, bool> read_to_end() {
    std::string text;
    char bytes[4096];
    for (;;) {
      const auto got = ::recv(socket_, bytes, sizeof bytes, 0);
      if (got <= 0) return {text, got < 0 && errno == ECONNRESET};
      text.append(bytes, static_cast<std::size_t>(got));
    }
  }

 private:
  int socket_;
};

const std::string kGet = "GET /f HTTP/1.1\r\nHost: h\r\n\r\n";

std::string content(std::uint64_t size) {
  const auto bytes = pattern_bytes(1, size);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string expected_answer(OriginScript& twin, std::uint64_t size) {
  return twin.answer("/f", {}).head_text() + content(size);
}

// Waits for the reports of answers.
class Told {
 public:
  void operator()(const Asking& asking) {
    const std::lock_guard lock(mutex_);
    last_ = asking;
    ++count_;
    changed_.notify_all();
  }
  unsigned count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  Asking wait_for(unsigned count) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, std::chrono::seconds(30), [&] { return count_ >= count; }));
    return last_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Asking last_;
  unsigned count_ = 0;
};

}  // namespace

TEST_CASE("requests on one connection are answered in turn, also if they come at once") {
  OriginScript script;
  OriginScript twin;
  script.size(100'000);
  twin.size(100'000);
  LoopbackOrigin origin(script);
  Client client(origin.port());
  const std::string answer = expected_answer(twin, 100'000);
  client.ask(kGet + kGet);
  CHECK(client.read(answer.size()) == answer);
  CHECK(client.read(answer.size()) == answer);
  client.ask(kGet);
  CHECK(client.read(answer.size()) == answer);
  CHECK(origin.connections() == 1);
  for (const Asking& asking : script.log()) CHECK(asking.connection == 1);
}

TEST_CASE("the end of a connection is as the answer has it") {
  OriginScript script;
  script.size(1000).cut_at(10).reset_at(20).on(3, [](Answer& answer) { answer.until_close(); });
  LoopbackOrigin origin(script);
  {
    Client client(origin.port());
    client.ask(kGet);
    const auto [text, was_reset] = client.read_to_end();
    CHECK(text.ends_with("\r\n\r\n" + content(10)));
    CHECK_FALSE(was_reset);
  }
  {
    Client client(origin.port());
    client.ask(kGet);
    CHECK(client.read_to_end().second);
  }
  Client client(origin.port());
  client.ask(kGet);
  CHECK(client.read_to_end().first.ends_with("\r\n\r\n" + content(1000)));
}

TEST_CASE("what has been sent is told, also of an answer nobody waited for") {
  OriginScript script;
  script.size(10'000'000'000).stall_at(1000);
  Told told;
  LoopbackOrigin origin(script, {.on_answered = [&](const Asking& asking) { told(asking); }});
  {
    Client client(origin.port());
    client.ask(kGet);
    const Asking stalled = told.wait_for(1);  // reported once nothing more will be sent
    CHECK(stalled.sent == 1000);
    CHECK(stalled.status == 200);
    CHECK(stalled.target == "/f");
  }
  Client client(origin.port());
  client.ask(kGet);
  client.read(500'000);
  client.leave();
  const Asking left = told.wait_for(2);
  CHECK(left.sent >= 400'000);
  CHECK(left.sent < 10'000'000'000);
  CHECK(left.connection == 2);
}

TEST_CASE("HEAD is answered without a body") {
  OriginScript script;
  script.size(1000);
  LoopbackOrigin origin(script);
  Client client(origin.port());
  client.ask("HEAD /f HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string text = client.read_to_end().first;
  CHECK(text.find("Content-Length: 1000\r\n") != std::string::npos);
  CHECK(text.ends_with("\r\n\r\n"));
}

TEST_CASE("a client that wants the connection closed gets that") {
  OriginScript script;
  OriginScript twin;
  script.size(1000);
  twin.size(1000);
  LoopbackOrigin origin(script);
  Client client(origin.port());
  client.ask("GET /f HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  CHECK(client.read_to_end().first == expected_answer(twin, 1000));
}

TEST_CASE("what is not a simple request is refused") {
  OriginScript script;
  LoopbackOrigin origin(script);
  for (const char* request :
       {"POST /f HTTP/1.1\r\nHost: h\r\n\r\n", "GET /f HTTP/1.0\r\nHost: h\r\n\r\n", "GET /f HTTP/1.1\r\n\r\n",
        "GET f HTTP/1.1\r\nHost: h\r\n\r\n", "GET /f  HTTP/1.1\r\nHost: h\r\n\r\n", "GET\r\n\r\n",
        "GET /f HTTP/1.1\r\nHost: h\r\nBad Name: x\r\n\r\n",
        "GET /f HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n"}) {
    CAPTURE(request);
    Client client(origin.port());
    client.ask(request);
    CHECK(client.read_to_end().first.starts_with("HTTP/1.1 400 "));
  }
  CHECK(script.log().empty());
}

TEST_CASE("a limited rate is not exceeded") {
  OriginScript script;
  script.size(200'000);
  LoopbackOrigin origin(script, {.limit_rate = 1'000'000});
  Client client(origin.port());
  const auto begun = std::chrono::steady_clock::now();
  client.ask("GET /f HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  client.read(200'000);
  CHECK(std::chrono::steady_clock::now() - begun >= std::chrono::milliseconds(140));
}

TEST_CASE("the rate of one connection is not that of the next") {
  OriginScript script;
  script.size(200'000);
  LoopbackOrigin origin(script, {.connection_rates = {{1, 100}}});
  Client slow(origin.port());
  slow.ask(kGet);
  CHECK(slow.read(1) == "H");
  Client fast(origin.port());
  fast.ask("GET /f HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  CHECK(fast.read_to_end().first.size() > 200'000);  // it would take half an hour
}

TEST_CASE("a connection stalls after so many bytes, in whichever answer, and the next one does not") {
  OriginScript script;
  OriginScript twin;
  script.size(1000);
  twin.size(1000);
  const std::string answer = expected_answer(twin, 1000);
  Told told;
  LoopbackOrigin origin(script, {.connection_stalls = {{1, answer.size() + 500}},
                                 .on_answered = [&](const Asking& asking) { told(asking); }});
  Client stalled(origin.port());
  stalled.ask(kGet + kGet);
  CHECK(stalled.read(answer.size() + 500) == answer + answer.substr(0, 500));
  CHECK(told.wait_for(2).sent == 500 - (answer.size() - 1000));
  Client next(origin.port());
  next.ask(kGet);
  CHECK(next.read(answer.size()) == answer);
  stalled.leave();
  CHECK(stalled.read_to_end().first.empty());
}

TEST_CASE("a request is told before anything of its answer can be read") {
  OriginScript script;
  script.size(100);
  Told told;
  LoopbackOrigin origin(script, {.on_asked = [&](const Asking& asking) { told(asking); }});
  Client client(origin.port());
  client.ask(kGet);
  CHECK(client.read(1) == "H");
  CHECK(told.count() == 1);
  CHECK(told.wait_for(1).sent == 0);
}

TEST_CASE("an origin ends with a client in the middle of everything") {
  OriginScript script;
  script.size(10'000'000'000).stall_at(100);
  auto origin = std::make_unique<LoopbackOrigin>(script);
  Client stalled(origin->port());
  stalled.ask(kGet);
  stalled.read(100);
  Client idle(origin->port());
  Client full(origin->port());
  full.ask(kGet);
  full.read(1'000'000);
  origin.reset();
  CHECK(idle.read_to_end().first.empty());
}
