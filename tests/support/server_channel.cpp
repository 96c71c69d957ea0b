#include "support/server_channel.h"

#include "support/loopback_server.h"

#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <string_view>

namespace segdl::test {

ServerChannel::ServerChannel(int socket, ::SSL_CTX* tls) : socket_(socket), ssl_(nullptr, ::SSL_free) {
  if (tls == nullptr) return;
  ssl_.reset(::SSL_new(tls));
  ::SSL_set_fd(ssl_.get(), socket);
  ready_ = ::SSL_accept(ssl_.get()) == 1;
  ::ERR_clear_error();
}

std::size_t ServerChannel::receive(std::span<char> into) {
  if (ssl_) {
    std::size_t got = 0;
    if (::SSL_read_ex(ssl_.get(), into.data(), into.size(), &got) == 1) return got;
    ::ERR_clear_error();
    return 0;
  }
  const auto got = ::recv(socket_, into.data(), into.size(), 0);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

bool ServerChannel::send(std::span<const std::byte> bytes) {
  if (!ssl_) return send_all(socket_, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  std::size_t sent = 0;
  const bool all = bytes.empty() || ::SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent) == 1;
  ::ERR_clear_error();
  return all;
}

bool ServerChannel::wait(std::chrono::milliseconds time) {
  ::pollfd peer{socket_, POLLRDHUP, 0};
  const auto bounded = std::clamp<std::int64_t>(time.count(), -1, 3'600'000);
  return ::poll(&peer, 1, static_cast<int>(bounded)) == 0;
}

void ServerChannel::finish() {
  if (ssl_) ::SSL_shutdown(ssl_.get());
  ::ERR_clear_error();
}

void ServerChannel::reset() { test::reset(socket_); }

}  // namespace segdl::test
