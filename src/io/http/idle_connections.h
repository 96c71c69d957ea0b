// Connections kept open between exchanges (RFC 9112 section 9.3). Thread-safe.
//
// A connection is kept for its scheme, host, port and proxy, with the proxy's credentials.
// Nothing else distinguishes connections of one transport: TLS settings are the transport's, and an origin's
// credentials belong to a request, not to a connection (Basic; schemes that authenticate a connection, like NTLM, are
// not supported).
//
// Taking and keeping take constant time. Sockets are checked and closed outside the lock.
#pragma once

#include "io/net/connection.h"
#include "seams/clock.h"

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace segdl::io {

class IdleConnections {
 public:
  // `most`: limit of kept connections; beyond it the least recently used one is closed.
  explicit IdleConnections(std::size_t most) : most_(most) {}

  // The most recently used connection of this way that is still quiet; null if there is none.
  std::unique_ptr<Connection> take(const Way&, Instant now);
  void keep(std::unique_ptr<Connection>, Instant now) noexcept;

  // The limit of the wait for the first byte of a response on a kept connection: some servers and middleboxes keep a
  // connection open and never answer on it again.
  // A multiple of the latest latency. Longer if a kept connection was answered before: the server is then rather slow,
  // because it fetches from elsewhere.
  std::chrono::milliseconds patience(const Way&);
  void answered(const Way&, std::chrono::nanoseconds after, bool on_kept);
  // A new connection was answered where a kept one was not: for kSpared no connection of this way is taken or kept,
  // unless a kept one was ever answered.
  void spare(const Way&, Instant now);
  static constexpr std::chrono::minutes kSpared{5};

  // Closes all; returns how many there were.
  std::size_t clear();
  // Closes all of this way.
  void clear(const Way&);

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    Instant since;
  };
  using Kept = std::list<Idle>;  // of one way, most recent first
  struct Hash {
    std::size_t operator()(const Way&) const;
  };
  using ByWay = std::unordered_map<Way, Kept, Hash>;

  // What is known of a way, whether a connection is kept or not.
  struct Manner {
    std::chrono::nanoseconds latency{0};
    bool keeps = false;  // a kept connection was answered
    Instant spared_until{};
  };

  Kept take_last(const Way&, Instant now);
  Manner& manner_of(const Way&);
  bool is_spared(const Way&, Instant now) const;
  void sort_out(Instant now, Kept& closed);
  void push_out_oldest(Kept& closed);

  const std::size_t most_;
  std::mutex mutex_;
  ByWay idle_;
  std::unordered_map<Way, Manner, Hash> manners_;
  std::size_t count_ = 0;
  Instant sorted_out_{};
};

}  // namespace segdl::io
