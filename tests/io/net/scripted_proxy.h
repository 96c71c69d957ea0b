// A proxy on the loopback with scripted answers.
#pragma once

#include "support/loopback_server.h"
#include "support/server_channel.h"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace segdl::test {

// Answers the n-th request of all with the n-th of its texts, the last one again and again; "" closes the connection.
// Behind a 2xx to a CONNECT it plays the origin itself, if it has a TLS context for that: the proxy and the origin are
// one process, but what each was sent is noted apart.
class ScriptedProxy {
 public:
  explicit ScriptedProxy(std::vector<std::string> answers, std::shared_ptr<::SSL_CTX> origin = nullptr)
      : answers_(std::move(answers)),
        origin_(std::move(origin)),
        server_(std::in_place, [this](int socket) { serve(socket); }),
        port_(server_->port()) {}

  std::uint16_t port() const { return port_; }
  unsigned connections() const { return server_->connections(); }
  std::string at_proxy(std::size_t number) { return noted(at_proxy_, number); }
  std::string at_origin(std::size_t number) { return noted(at_origin_, number); }
  std::size_t requests() {
    const std::lock_guard lock(mutex_);
    return at_proxy_.size();
  }

  // What came behind a CONNECT that was refused. Nothing is served any more.
  std::string behind_refusal() {
    server_.reset();
    return behind_;
  }

 private:
  std::string noted(const std::vector<std::string>& requests, std::size_t number) {
    const std::lock_guard lock(mutex_);
    return number < requests.size() ? requests[number] : "";
  }

  std::string answer_to(const std::string& request) {
    const std::lock_guard lock(mutex_);
    at_proxy_.push_back(request);
    return answers_[std::min(at_proxy_.size(), answers_.size()) - 1];
  }

  void serve(int socket) {
    std::string pending;
    for (;;) {
      const std::string request = read_request(socket, pending);
      if (request.empty()) return;
      const std::string answer = answer_to(request);
      if (answer.empty() || !send_all(socket, answer)) return;
      if (!request.starts_with("CONNECT")) continue;
      const bool opens = answer.find(".1 2") != std::string::npos || answer.find(".0 2") != std::string::npos;
      if (origin_ && opens) return serve_origin(socket);
      return note_the_rest(socket);
    }
  }

  void serve_origin(int socket) {
    ServerChannel channel(socket, origin_.get());
    char bytes[4096];
    while (channel.ready()) {
      const std::size_t got = channel.receive(bytes);
      if (got == 0) return;
      {
        const std::lock_guard lock(mutex_);
        at_origin_.emplace_back(bytes, got);
      }
      const std::string hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
      if (!channel.send(std::as_bytes(std::span(hello)))) return;
    }
  }

  void note_the_rest(int socket) {
    char bytes[4096];
    for (;;) {
      const auto got = ::recv(socket, bytes, sizeof bytes, 0);
      if (got <= 0) return;
      const std::lock_guard lock(mutex_);
      behind_.append(bytes, static_cast<std::size_t>(got));
    }
  }

  std::mutex mutex_;
  std::vector<std::string> answers_;
  std::shared_ptr<::SSL_CTX> origin_;
  std::vector<std::string> at_proxy_;
  std::vector<std::string> at_origin_;
  std::string behind_;
  std::optional<LoopbackServer> server_;  // last: its threads use the rest
  std::uint16_t port_;
};

}  // namespace segdl::test
