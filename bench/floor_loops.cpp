#include "floor_loops.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>
#if defined(__x86_64__)
#include <xxh_x86dispatch.h>
#endif

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace segdl::bench {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"recv", "hash", "splice"};
constexpr std::size_t kHashed = 256 * kKiB;

std::size_t checked(ssize_t result, std::string_view what) {
  if (result < 0) give_up(what);
  if (result == 0) give_up(what, "the connection was closed too early");
  return static_cast<std::size_t>(result);
}

class Socket {
 public:
  explicit Socket(const Target& target) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (fd_ < 0) give_up("make a socket");
    const auto* address = reinterpret_cast<const sockaddr*>(&target.address);
    if (::connect(fd_, address, sizeof(target.address)) != 0) give_up("connect");
  }
  ~Socket() { ::close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int fd() const { return fd_; }

  void send(std::string_view text) {
    while (!text.empty()) text.remove_prefix(checked(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL), "send"));
  }

  // Takes the head and not a byte more, so that what follows can be spliced.
  std::string receive_head() {
    std::array<char, 4096> seen;
    for (;;) {
      const auto got = checked(::recv(fd_, seen.data(), seen.size(), MSG_PEEK), "receive the head");
      const auto end = std::string_view(seen.data(), got).find("\r\n\r\n");
      if (end == std::string_view::npos && got == seen.size()) give_up("receive the head", "it is too long");
      if (end == std::string_view::npos) continue;
      return std::string(seen.data(), checked(::recv(fd_, seen.data(), end + 4, 0), "receive the head"));
    }
  }

 private:
  int fd_;
};

class Pipe {
 public:
  explicit Pipe(std::size_t size) {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) give_up("make a pipe");
    if (::fcntl(ends_[1], F_SETPIPE_SZ, static_cast<int>(size)) < 0) give_up("enlarge the pipe");
  }
  ~Pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int out() const { return ends_[0]; }
  int in() const { return ends_[1]; }

 private:
  std::array<int, 2> ends_ = {};
};

std::string request(const Target& target, std::string_view method, const std::string& fields) {
  return fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n{}Connection: close\r\n\r\n", method, target.path, target.authority,
                     fields);
}

void write_all(int file, const char* from, std::size_t size, std::uint64_t offset) {
  for (std::size_t done = 0; done < size;) {
    const auto put = ::pwrite(file, from + done, size - done, static_cast<off_t>(offset + done));
    if (put <= 0) give_up("write");
    done += static_cast<std::size_t>(put);
  }
}

// What the hashes come to; kept so that the compiler can't leave them out.
std::atomic<std::uint64_t> hashes = 0;

void hash_all(const char* from, std::size_t size) {
  for (std::size_t done = 0; done < size; done += kHashed) {
    hashes.fetch_xor(XXH3_64bits(from + done, std::min(kHashed, size - done)), std::memory_order_relaxed);
  }
}

void receive_and_write(int socket, const Errand& errand) {
  std::vector<char> buffer(errand.buffer);
  for (std::uint64_t at = errand.range.begin; at < errand.range.end;) {
    const auto wanted = std::min<std::uint64_t>(buffer.size(), errand.range.end - at);
    for (std::size_t filled = 0; filled < wanted;) {
      filled += checked(::recv(socket, buffer.data() + filled, wanted - filled, 0), "receive");
    }
    if (errand.loop == Loop::hash) hash_all(buffer.data(), wanted);
    write_all(errand.file, buffer.data(), wanted, at);
    at += wanted;
  }
}

void splice_through(int socket, const Errand& errand) {
  const Pipe pipe(errand.buffer);
  auto offset = static_cast<off_t>(errand.range.begin);
  for (std::uint64_t left = errand.range.size(); left > 0;) {
    const auto wanted = std::min<std::uint64_t>(errand.buffer, left);
    const auto got = checked(::splice(socket, nullptr, pipe.in(), nullptr, wanted, SPLICE_F_MOVE), "splice in");
    for (std::size_t done = 0; done < got;) {
      done += checked(::splice(pipe.out(), nullptr, errand.file, &offset, got - done, SPLICE_F_MOVE), "splice out");
    }
    left -= got;
  }
}

}  // namespace

std::string_view name_of(Loop loop) { return kNames[static_cast<std::size_t>(loop)]; }

Loop loop_named(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) give_up(name, "no such loop; there are recv, hash and splice");
  return static_cast<Loop>(found - kNames.begin());
}

Target parse_target(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  const auto slash = url.find('/', kScheme.size());
  const auto colon = url.find(':', kScheme.size());
  if (!url.starts_with(kScheme) || slash == std::string::npos || colon > slash)
    give_up(url, "not http://IPV4:PORT/PATH");
  Target target;
  target.authority = url.substr(kScheme.size(), slash - kScheme.size());
  target.path = url.substr(slash);
  target.address.sin_family = AF_INET;
  std::uint16_t port = 0;
  std::from_chars(url.data() + colon + 1, url.data() + slash, port);
  target.address.sin_port = htons(port);
  const std::string host = url.substr(kScheme.size(), colon - kScheme.size());
  if (::inet_pton(AF_INET, host.c_str(), &target.address.sin_addr) != 1) give_up(host, "not an IPv4 address");
  return target;
}

std::uint64_t size_of(const Target& target) {
  constexpr std::string_view kField = "\r\nContent-Length: ";
  Socket socket(target);
  socket.send(request(target, "HEAD", ""));
  const auto head = socket.receive_head();
  const auto at = head.find(kField);
  if (!head.starts_with("HTTP/1.1 200 ") || at == std::string::npos) give_up("ask for the size", head);
  return std::strtoull(head.c_str() + at + kField.size(), nullptr, 10);
}

void run(const Target& target, const Errand& errand) {
  Socket socket(target);
  socket.send(request(target, "GET", fmt::format("Range: bytes={}-{}\r\n", errand.range.begin, errand.range.end - 1)));
  const auto head = socket.receive_head();
  if (!head.starts_with("HTTP/1.1 206 ")) give_up("fetch", head);
  errand.loop == Loop::splice ? splice_through(socket.fd(), errand) : receive_and_write(socket.fd(), errand);
}

void give_up(std::string_view what) { give_up(what, std::strerror(errno)); }

void give_up(std::string_view what, std::string_view reason) {
  fmt::print(stderr, "floor: {}: {}\n", what, reason);
  std::fflush(nullptr);
  std::_Exit(1);  // other threads may be running
}

}  // namespace segdl::bench
