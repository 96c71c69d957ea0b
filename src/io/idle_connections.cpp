#include "io/idle_connections.h"

#include <utility>

namespace segdl::io {
namespace {

constexpr std::size_t kMost = 64;
constexpr std::chrono::seconds kLongest{60};  // servers give up idle connections after 5 s to some minutes

}  // namespace

std::unique_ptr<Connection> IdleConnections::take(const Origin& origin, Instant now) {
  const std::lock_guard lock(mutex_);
  for (auto it = idle_.begin(); it != idle_.end();) {
    if (now - it->since > kLongest) {
      it = idle_.erase(it);
      continue;
    }
    if (it->connection->origin() != origin) {
      ++it;
      continue;
    }
    std::unique_ptr<Connection> connection = std::move(it->connection);
    it = idle_.erase(it);
    if (connection->is_quiet()) return connection;
  }
  return nullptr;
}

void IdleConnections::keep(std::unique_ptr<Connection> connection, Instant now) {
  const std::lock_guard lock(mutex_);
  idle_.push_front({std::move(connection), now});
  if (idle_.size() > kMost) idle_.pop_back();
}

}  // namespace segdl::io
