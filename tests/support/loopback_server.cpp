#include "support/loopback_server.h"

#include "support/loopback_address.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace segdl::test {
namespace {

struct Address {
  ::sockaddr_storage storage{};
  ::socklen_t size = 0;
  ::sockaddr* generic() { return reinterpret_cast<::sockaddr*>(&storage); }
};

std::uint16_t port_of(const Address& address) {
  // The port lies at the same place in both families.
  return ntohs(reinterpret_cast<const ::sockaddr_in*>(&address.storage)->sin_port);
}

}  // namespace

LoopbackServer::LoopbackServer(std::function<void(int)> serve, std::uint16_t port, Loopback family)
    : serve_(std::move(serve)) {
  auto address = loopback_address<Address>(port, family == Loopback::v6);
  listener_ = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(listener_, address.generic(), address.size) != 0 || ::listen(listener_, SOMAXCONN) != 0 ||
      ::getsockname(listener_, address.generic(), &address.size) != 0) {
    const int number = errno;
    ::close(listener_);
    throw std::runtime_error("no loopback port: " + std::string(std::strerror(number)));
  }
  port_ = port_of(address);
  acceptor_ = std::thread([this] { accept_all(); });
}

LoopbackServer::~LoopbackServer() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const Worker& worker : workers_) {
      if (!worker.done) ::shutdown(worker.socket, SHUT_RDWR);
    }
  }
  for (Worker& worker : workers_) worker.thread.join();
  ::close(listener_);
}

void LoopbackServer::accept_all() {
  ::sigset_t pipe;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);  // OpenSSL writes without MSG_NOSIGNAL; the workers inherit this
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (stopping_) {
      if (socket >= 0) ::close(socket);
      return;
    }
    join_done();
    if (socket < 0) {
      ::poll(nullptr, 0, 10);  // out of descriptors, most likely: others close theirs
      continue;
    }
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ++connections_;
    const std::lock_guard lock(mutex_);
    Worker& worker = workers_.emplace_back(Worker{socket});
    worker.thread = std::thread([this, &worker] { run(worker); });
  }
}

void LoopbackServer::run(Worker& worker) {
  serve_(worker.socket);
  const std::lock_guard lock(mutex_);
  worker.done = true;
  ::close(worker.socket);
}

void LoopbackServer::join_done() {
  std::list<Worker> done;
  {
    const std::lock_guard lock(mutex_);
    for (auto it = workers_.begin(); it != workers_.end();) {
      const auto next = std::next(it);
      if (it->done) done.splice(done.end(), workers_, it);
      it = next;
    }
  }
  for (Worker& worker : done) worker.thread.join();
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

}  // namespace segdl::test
