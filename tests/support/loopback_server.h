// A listener on the loopback, and what a hand-written server on it needs.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace segdl::test {

enum class Loopback : std::uint8_t { v4, v6 };

// Gives each connection to `serve` on a thread of its own, with SIGPIPE blocked; the descriptor is closed afterwards.
// Everything ends with the object.
class LoopbackServer {
 public:
  // Port 0: any free one. Throws std::runtime_error if the port is taken.
  explicit LoopbackServer(std::function<void(int socket)> serve, std::uint16_t port = 0, Loopback = Loopback::v4);
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  std::uint16_t port() const { return port_; }
  unsigned connections() const { return connections_; }

 private:
  struct Worker {
    int socket;
    bool done = false;
    std::thread thread = {};
  };
  void accept_all();
  void run(Worker&);
  void join_done();

  std::function<void(int)> serve_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<unsigned> connections_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::list<Worker> workers_;
  std::thread acceptor_;
};

// Reads until the empty line that ends a head; empty at the end of the connection.
std::string read_request(int socket, std::string& pending);
bool send_all(int socket, std::string_view bytes);
// From here on closing the connection sends RST instead of FIN.
void reset(int socket);

}  // namespace segdl::test
