#include "support/loopback_origin.h"

#include "core/ascii.h"
#include "support/pattern.h"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace segdl::test {
namespace {

std::string head_text(const ResponseHead& head) {
  std::string text = fmt::format("HTTP/1.1 {} X\r\n", head.status);
  for (const Field& field : head.fields) text += fmt::format("{}: {}\r\n", field.name, field.value);
  return text + "\r\n";
}

// Sends [begin, end) of the body with the fault's bit and the framing put on; false if the connection is gone.
bool send_body(int socket, const Answer& answer, std::uint64_t begin, std::uint64_t end) {
  std::vector<std::byte> piece;
  for (std::uint64_t at = begin; at < end; at += piece.size()) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(64 * 1024, end - at)));
    fill_pattern(piece, answer.seed, at);
    if (answer.flip_at && at <= *answer.flip_at && *answer.flip_at < at + piece.size()) {
      piece[static_cast<std::size_t>(*answer.flip_at - at)] ^= std::byte{1};
    }
    std::string wire(reinterpret_cast<const char*>(piece.data()), piece.size());
    if (answer.head.framing == Framing::chunked) wire = fmt::format("{:x}\r\n{}\r\n", piece.size(), wire);
    if (!send_all(socket, wire)) return false;
  }
  return true;
}

void wait_for_peer_to_leave(int socket) {
  ::pollfd waited{socket, POLLRDHUP, 0};
  ::poll(&waited, 1, 10'000);
}

// Whether the connection may carry another request.
bool play(int socket, const Answer& answer) {
  if (!send_all(socket, head_text(answer.head))) return false;
  const std::uint64_t stop = std::min(answer.cut_at.value_or(answer.end), answer.stall_at.value_or(answer.end));
  if (!send_body(socket, answer, answer.begin, std::min(stop, answer.end))) return false;
  if (answer.stall_at) wait_for_peer_to_leave(socket);
  if (answer.stall_at || answer.cut_at) return false;
  if (answer.head.framing == Framing::chunked && !send_all(socket, "0\r\n\r\n")) return false;
  return answer.head.framing != Framing::until_close;
}

Asking parse_request(const std::string& text) {
  Asking asking;
  const auto line_end = text.find("\r\n");
  const auto first = text.find(' ');
  asking.target = text.substr(first + 1, text.find(' ', first + 1) - first - 1);
  for (std::size_t at = line_end + 2; at < text.size();) {
    const auto end = text.find("\r\n", at);
    const std::string line = text.substr(at, end - at);
    const auto colon = line.find(':');
    if (colon != std::string::npos)
      asking.fields.push_back({line.substr(0, colon), std::string(trim(line.substr(colon + 1)))});
    at = end + 2;
  }
  return asking;
}

}  // namespace

LoopbackServer::LoopbackServer(std::function<void(int)> serve) : serve_(std::move(serve)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<::sockaddr*>(&address);
  if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, generic, &size) != 0) {
    throw std::runtime_error("no loopback port");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

LoopbackServer::~LoopbackServer() {
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
  }
  for (std::thread& worker : workers_) worker.join();
  ::close(listener_);
}

void LoopbackServer::accept_all() {
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    ++connections_;
    const std::lock_guard lock(mutex_);
    open_.insert(socket);
    workers_.emplace_back([this, socket] { run(socket); });
  }
}

void LoopbackServer::run(int socket) {
  serve_(socket);
  const std::lock_guard lock(mutex_);
  open_.erase(socket);
  ::close(socket);
}

std::string read_request(int socket, std::string& pending) {
  for (;;) {
    const auto end = pending.find("\r\n\r\n");
    if (end != std::string::npos) {
      std::string request = pending.substr(0, end + 4);
      pending.erase(0, end + 4);
      return request;
    }
    char bytes[4096];
    const auto got = ::recv(socket, bytes, sizeof bytes, 0);
    if (got <= 0) return "";
    pending.append(bytes, static_cast<std::size_t>(got));
  }
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void reset(int socket) {
  const ::linger now{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void serve_script(OriginScript& script, int socket) {
  std::string pending;
  for (;;) {
    const std::string request = read_request(socket, pending);
    if (request.empty()) return;
    const Asking asking = parse_request(request);
    if (!play(socket, script.answer(asking.target, asking.fields))) return;
  }
}

}  // namespace segdl::test
