// Connections kept open between exchanges (RFC 9112 section 9.3). Thread-safe.
#pragma once

#include "io/connection.h"
#include "seams/clock.h"

#include <list>
#include <memory>
#include <mutex>

namespace segdl::io {

class IdleConnections {
 public:
  // The one that was used last for this origin and is still quiet; null if there is none.
  std::unique_ptr<Connection> take(const Origin&, Instant now);
  void keep(std::unique_ptr<Connection>, Instant now);

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    Instant since;
  };
  std::mutex mutex_;
  std::list<Idle> idle_;  // most recent first
};

}  // namespace segdl::io
