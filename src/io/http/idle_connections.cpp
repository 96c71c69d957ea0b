#include "io/http/idle_connections.h"

#include <algorithm>
#include <functional>
#include <new>
#include <string>
#include <utility>

namespace segdl::io {
namespace {

constexpr std::chrono::seconds kLongest{60};  // servers close idle connections after 5 s to some minutes
constexpr std::chrono::seconds kBetweenSorting{1};
constexpr std::chrono::milliseconds kMinPatience{1500};
constexpr std::chrono::milliseconds kMinTrust{10'000};
constexpr int kMuchLonger = 4;
constexpr std::size_t kMaxManners = 1024;

}  // namespace

std::size_t IdleConnections::Hash::operator()(const Way& way) const {
  const Origin& origin = way.origin;  // an origin has one proxy at most
  return std::hash<std::string>()(origin.host) ^ (std::size_t{origin.port} << 1) ^ std::size_t{origin.secure};
}

// REQUIRES: the mutex is held.
IdleConnections::Manner& IdleConnections::manner_of(const Way& way) {
  if (manners_.size() >= kMaxManners) manners_.clear();
  return manners_[way];
}

bool IdleConnections::is_spared(const Way& way, Instant now) const {
  const auto found = manners_.find(way);
  return found != manners_.end() && now < found->second.spared_until;
}

std::chrono::milliseconds IdleConnections::patience(const Way& way) {
  const std::lock_guard lock(mutex_);
  const Manner& manner = manner_of(way);
  return std::max(manner.keeps ? kMinTrust : kMinPatience,
                  std::chrono::duration_cast<std::chrono::milliseconds>(kMuchLonger * manner.latency));
}

void IdleConnections::answered(const Way& way, std::chrono::nanoseconds after, bool on_kept) {
  const std::lock_guard lock(mutex_);
  Manner& manner = manner_of(way);
  manner.latency = after;
  manner.keeps = manner.keeps || on_kept;
}

void IdleConnections::spare(const Way& way, Instant now) {
  {
    const std::lock_guard lock(mutex_);
    Manner& manner = manner_of(way);
    if (manner.keeps) return;
    manner.spared_until = now + kSpared;
  }
  clear(way);
}

IdleConnections::Kept IdleConnections::take_last(const Way& way, Instant now) {
  Kept taken;
  const std::lock_guard lock(mutex_);
  if (is_spared(way, now)) return taken;
  const auto found = idle_.find(way);
  if (found == idle_.end() || found->second.empty()) return taken;
  taken.splice(taken.begin(), found->second, found->second.begin());
  --count_;
  return taken;
}

std::unique_ptr<Connection> IdleConnections::take(const Way& way, Instant now) {
  for (;;) {
    Kept taken = take_last(way, now);
    if (taken.empty()) return nullptr;
    Idle& last = taken.front();
    if (now - last.since <= kLongest && last.connection->is_quiet()) return std::move(last.connection);
  }
}

void IdleConnections::keep(std::unique_ptr<Connection> connection, Instant now) noexcept {
  Kept closed;  // destroyed after the lock is released
  const std::lock_guard lock(mutex_);
  if (is_spared(connection->way(), now)) return;
  try {
    Kept one;
    const Way& way = connection->way();
    one.push_front({std::move(connection), now});
    Kept& kept = idle_[way];
    kept.splice(kept.begin(), one);
  } catch (const std::bad_alloc&) {  // the connection is closed
    return;
  }
  ++count_;
  if (now - sorted_out_ >= kBetweenSorting) sort_out(now, closed);
  if (count_ > most_) push_out_oldest(closed);
}

std::size_t IdleConnections::clear() {
  ByWay closed;
  const std::lock_guard lock(mutex_);
  closed.swap(idle_);
  return std::exchange(count_, 0);
}

void IdleConnections::clear(const Way& way) {
  Kept closed;
  const std::lock_guard lock(mutex_);
  const auto found = idle_.find(way);
  if (found == idle_.end()) return;
  closed.swap(found->second);
  count_ -= closed.size();
}

// Drops connections that were idle too long, and entries without connections.
void IdleConnections::sort_out(Instant now, Kept& closed) {
  sorted_out_ = now;
  for (auto& [way, kept] : idle_) {
    const auto old = std::ranges::find_if(kept, [&](const Idle& idle) { return now - idle.since > kLongest; });
    count_ -= static_cast<std::size_t>(std::distance(old, kept.end()));
    closed.splice(closed.end(), kept, old, kept.end());
  }
  std::erase_if(idle_, [](const auto& of_way) { return of_way.second.empty(); });
}

void IdleConnections::push_out_oldest(Kept& closed) {
  Kept* oldest = nullptr;
  for (auto& [way, kept] : idle_) {
    if (!kept.empty() && (oldest == nullptr || kept.back().since < oldest->back().since)) oldest = &kept;
  }
  closed.splice(closed.end(), *oldest, std::prev(oldest->end()));
  --count_;
}

}  // namespace segdl::io
