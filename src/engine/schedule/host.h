// What a pool knows of one host, and the right to use a connection to it.
//
// A host that serves a few connections at a time has many words for that: 429, any other refusal, a page, a connection
// that is closed, or silence. Whether what failed was one of the number shows by what the host did for
// others meanwhile, which is known here and to no download alone.
#pragma once

#include <segdl/error.h>

#include "core/schedule/host_budget.h"
#include "core/url/url.h"
#include "seams/clock.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace segdl::engine {

class Pool;

// So long a server may take to notice that a connection is not in use any more; and one that takes its time.
inline constexpr std::chrono::milliseconds kNoticed{100};
inline constexpr std::chrono::milliseconds kForgotten{1000};
// So long a server that has called "not so many" something else is taken to do that again.
inline constexpr std::chrono::minutes kNarrow{10};

// Refusals in a row that were doubted: so many connections were in use when the latest was asked for, its own included.
struct Doubts {
  unsigned count = 0;
  unsigned connections = 0;
  Instant asked_at = {};
};

// How long a host has served so many connections without a pause.
struct Streak {
  std::optional<Instant> since = {};  // ticks
  Instant seen = Instant::min();      // the latest at which that was kSteady ago, or longer
};
inline constexpr std::chrono::seconds kSteady{2};

// What the pool knows of one host. Its budget is guarded by the pool.
struct Host {
  Host(Pool& pool_, Origin origin_, unsigned most, bool adaptive)
      : pool(pool_), origin(std::move(origin_)), budget(most, adaptive), streaks(most + 1) {}
  Pool& pool;
  const Origin origin;
  HostBudget budget;
  std::atomic<std::uint64_t> received = 0;       // body bytes, ever
  std::uint64_t received_before = 0;             // at the latest tick
  std::atomic<unsigned> tick = 2;                // the present one
  std::atomic<unsigned> steady = 0;              // slots that have received in it, and in the one before
  std::vector<Streak> streaks;                   // of so many that were steady
  unsigned together_before = 0;                  // how many were, in the latest tick
  Instant ticked = {};                           // when a tick began the last time
  unsigned waiting = 0;                          // downloads under way that wait for a slot
  unsigned patient = 0;                          // of them, for others to end, who have let them go on
  unsigned queued = 0;                           // downloads that have not begun
  unsigned assists = 0;                          // that are open, and lead to it
  bool refused = false;                          // ever
  std::optional<Instant> narrow = {};            // when it last refused for their number, and called that otherwise
  unsigned honest = 0;                           // refusals that were repeated when no other connection was in use
  bool prompt = false;                           // one of them, also when none had been for kForgotten
  bool slow = false;                             // one was not repeated when none had been for that long
  unsigned doubtful = 0;                         // the most that were in use where a refusal was doubted
  std::atomic<Instant> served = Instant::min();  // when it last gave anything
  Instant last_used = {};
  bool pages = false;                        // a page is what it means
  std::deque<std::string> no_files = {};     // the latest pages that came instead of files
  unsigned running = 0;                      // downloads under way that began with it
  std::optional<Instant> stumbles = {};      // since when requests fail; until one is answered, or more comes
  unsigned given_up = 0;                     // downloads that gave it up, and none has been answered since
  std::optional<Error> down = std::nullopt;  // what it is given up for; then the next download ends with it
  Instant tried_again = {};                  // when one is let through
  std::chrono::seconds patience{0};
  std::optional<Instant> last_left = std::nullopt;  // by one that used a slot

  bool is_narrow(Instant now) const { return narrow && now - *narrow < kNarrow; }
  // A tick of the pool has ended.
  void measure(Instant now);
  // Whether it has served as many together since, for kSteady: then it was for another reason that it refused. What a
  // server has sent may lie in buffers when it serves the next, so less than that shows nothing.
  bool refutes(const Doubts& doubts, Instant now) const {
    return doubts.count > 0 && !is_narrow(now) && doubts.connections < streaks.size() &&
           streaks[doubts.connections].seen >= doubts.asked_at + kSteady;
  }
  // Whether refusals that do not name it, where so many connections are in use, may be of their number: it is known for
  // that, or for nothing yet, or has never served as many at a time.
  bool is_doubted(unsigned connections, Instant now) const;
  // From when on none of its connections counts with it any more, if none is in use.
  Instant is_quiet_from(unsigned doubts, Instant now) const {
    if (!last_left) return now;
    return *last_left + (doubts > 1 && may_count_longer() ? kForgotten : kNoticed);
  }
  // Whether it may count connections for longer than kNoticed.
  bool may_count_longer() const { return slow || (served.load() != Instant::min() && !prompt); }
  // Whether its helpers are to leave their slots to downloads.
  bool is_awaited() const { return waiting > patient; }
  // Whether others' downloads precede its own: it gives nothing, and one that waits for it is enough.
  bool is_passed_by() const { return stumbles && running > 0 && !down; }
  bool is_idle() const { return budget.in_use() == 0 && waiting == 0 && queued == 0 && assists == 0 && running == 0; }
};

// The right to use one connection to a host, given back with the object. Used by one thread.
class Slot {
 public:
  Slot() = default;

  explicit operator bool() const { return host_ != nullptr; }

  bool is_for(const Origin& origin) const { return host_->origin == origin; }

  // `paced`: as slowly as the reader wants it, which shows nothing of how many the host serves.
  void received(std::uint64_t bytes, bool paced);
  // A usable answer came, so long after it was asked for.
  void answered(std::chrono::nanoseconds latency);
  // An answer came, whatever is in it.
  void alive();
  // The host gave nothing, and is to be left alone until then; see HostBudget::refused().
  void refused(std::optional<Instant> until, std::uint64_t random = 0);
  // Whether no other connection to the host is in use.
  bool is_alone() const;
  // Whether it has given anything after that.
  bool has_served_since(Instant instant) const { return host_->served.load() > instant; }
  // Not because there were too many connections, as it was the same so often before; or just because of that.
  void refused_for_another_reason(const Doubts&);
  void was_crowded(const Doubts&);
  // It has answered with a page when no other connection was in use, so a page is what it means.
  void believe_pages();
  // A page that came instead of a file; nothing of one that is like others, the empty one.
  void gave_no_file(std::string page);
  enum class Page : std::uint8_t { no_file, meant, unknown };
  // Whether this one is such; and if not, whether a page is what the host means.
  Page meaning_of(const std::string& page) const;
  // Whether a refusal may be one of the number of connections, though it does not name that: others are in use, or were
  // a moment ago, and the host is doubted, as it is known for that, or for nothing yet. With those that have been taken
  // for it (see Pool::enter): after the first it was asked by itself; but a host may count what was closed for longer
  // than that. Not once the host has refuted them. Returns them with this one.
  std::optional<Doubts> crowd(const Doubts&) const;

  // Whether the connection is worth more elsewhere: the host allows fewer than are in use, or a download waits.
  bool wanted_elsewhere() const;
  // Whether the host is to be left alone for a while, by those who have a slot as well.
  bool closed() const;

 private:
  friend class Pool;
  struct GiveBack {
    void operator()(Host*) const;
  };
  explicit Slot(Host& host) : host_(&host) {}

  std::unique_ptr<Host, GiveBack> host_;
  unsigned tick_ = 0;  // of the host, when it last received
};

}  // namespace segdl::engine
