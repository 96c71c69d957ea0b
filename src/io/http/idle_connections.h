// Connections kept open between exchanges (RFC 9112 section 9.3). Thread-safe.
//
// A connection is kept for its scheme, host and port, and the proxy it goes through, with that one's credentials. That
// is all that tells connections of one transport apart: TLS settings are the transport's, and an origin's credentials
// belong to a request, not to a connection (Basic; schemes that authenticate a connection, like NTLM, are not spoken).
//
// Taking and keeping cost the same however many are kept. Sockets are looked at and closed outside the lock.
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
  // At most so many are kept; one more pushes out the one that was used longest ago.
  explicit IdleConnections(std::size_t most) : most_(most) {}

  // The one that was used last for this way and is still quiet; null if there is none.
  std::unique_ptr<Connection> take(const Way&, Instant now);
  void keep(std::unique_ptr<Connection>, Instant now) noexcept;

  // How long the first byte of an answer is waited for on a kept connection of this way: some servers and what stands
  // before them keep a connection open and answer nothing more on it. Much longer than the latest answer took. Where a
  // kept one was answered before, silence is rather of a server that fetches from elsewhere: longer still.
  std::chrono::milliseconds patience(const Way&);
  void answered(const Way&, std::chrono::nanoseconds after, bool on_kept);
  // Another connection was answered where a kept one was not: for kSpared none of this way is taken or kept, unless one
  // was ever answered.
  void spare(const Way&, Instant now);
  static constexpr std::chrono::minutes kSpared{5};

  // Closes them all; how many there were.
  std::size_t clear();
  // Closes those of this way.
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
