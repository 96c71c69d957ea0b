// An OriginScript played over real sockets on 127.0.0.1.
#pragma once

#include "support/origin_script.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace segdl::test {

// A listener that gives each connection to `serve` on a thread of its own; the descriptor is closed afterwards.
// Everything ends with the object.
class LoopbackServer {
 public:
  explicit LoopbackServer(std::function<void(int socket)> serve);
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  std::uint16_t port() const { return port_; }
  unsigned connections() const { return connections_; }

 private:
  void accept_all();
  void run(int socket);

  std::function<void(int)> serve_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<unsigned> connections_{0};
  std::mutex mutex_;
  std::set<int> open_;
  std::vector<std::thread> workers_;
  std::thread acceptor_;
};

// Reads until the empty line that ends a head; empty at the end of the connection.
std::string read_request(int socket, std::string& pending);
bool send_all(int socket, std::string_view bytes);
// Closes with RST instead of FIN.
void reset(int socket);

// What a server of this script does with one connection.
void serve_script(OriginScript& script, int socket);

}  // namespace segdl::test
