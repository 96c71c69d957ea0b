// What a pool knows of its hosts, and what it learns by the slots of one.
#include "engine/schedule/pool.h"

#include <new>

namespace segdl::engine {
namespace {

constexpr unsigned kUnansweredOnes = 3;  // downloads that got no answer, and the host is down
constexpr unsigned kRefusedOnes = 10;    // that got refusals which did not pass
constexpr std::chrono::seconds kFirstHold{30};
constexpr std::chrono::seconds kLongestHold{600};
constexpr unsigned kHonest = 3;        // so many refusals that say what they mean, and all of the host's do,
constexpr unsigned kHonestBeyond = 5;  // where more connections are in use than it has ever served
constexpr std::chrono::milliseconds kLongTick{500};
constexpr std::size_t kNoFiles = 4;       // so many are remembered of a host
constexpr std::size_t kIdleHosts = 1000;  // so many are remembered

}  // namespace

// The very first connection is the only one: of a host that has not served that one either one refusal is enough.
bool Host::is_doubted(unsigned connections, Instant now) const {
  if (is_narrow(now)) return true;
  if (served.load() == Instant::min()) return honest == 0;
  return honest < (connections > budget.proven() ? kHonestBeyond : kHonest);
}

// A tick that takes long, of a process that was stopped, is no time in which anything was seen.
void Host::measure(Instant now) {
  budget.measured(now, received);
  if (std::exchange(received_before, received) != received) stumbles.reset();
  ++tick;
  const bool seen = now - std::exchange(ticked, now) <= kLongTick;
  const auto most = static_cast<unsigned>(streaks.size() - 1);
  const unsigned counted = steady.exchange(0);
  const unsigned together = seen ? std::min(most, counted) : 0;
  const unsigned before = std::exchange(together_before, together);  // of more there is no streak
  for (unsigned connections = 1; connections <= std::max(together, before); ++connections) {
    Streak& streak = streaks[connections];
    if (connections > together) {
      streak.since.reset();
    } else if (!streak.since) {
      streak.since = now;
    } else if (now - *streak.since >= kSteady) {
      streak.seen = now;
    }
  }
}

void Slot::GiveBack::operator()(Host* host) const {
  Pool& pool = host->pool;
  const MutexLock lock(pool.mutex_);
  pool.take_back(*host);
  pool.changed(*host);
  pool.forget_idle_hosts();
}

void Slot::received(std::uint64_t bytes, bool paced) {
  host_->received += bytes;
  const unsigned tick = host_->tick;
  if (tick_ + 1 == tick && !paced) ++host_->steady;
  tick_ = tick;
  host_->served = host_->pool.clock_.now();
}

bool Slot::is_alone() const {
  const MutexLock lock(host_->pool.mutex_);
  return host_->budget.in_use() == 1;
}

void Slot::answered(std::chrono::nanoseconds latency) {
  const MutexLock lock(host_->pool.mutex_);
  host_->served = host_->pool.clock_.now();
  host_->budget.answered(host_->pool.clock_.now(), latency);
  host_->pool.changed(*host_);
}

void Slot::alive() {
  const MutexLock lock(host_->pool.mutex_);
  if (!host_->stumbles && host_->given_up == 0) return;
  host_->stumbles.reset();
  host_->given_up = 0;
  host_->down.reset();
  host_->patience = {};
  host_->pool.call_thread();
}

void Slot::refused(std::optional<Instant> until, std::uint64_t random) {
  const MutexLock lock(host_->pool.mutex_);
  host_->refused = true;
  host_->budget.refused(host_->pool.clock_.now(), until, random);
}

void Slot::refused_for_another_reason(const Doubts& doubts) {
  const MutexLock lock(host_->pool.mutex_);
  const bool refuted = host_->refutes(doubts, host_->pool.clock_.now());
  if (!refuted && host_->budget.in_use() > 1) return;  // which may be the reason
  if (!refuted) host_->budget.unlearn();
  ++host_->honest;
  host_->prompt = host_->prompt || (!refuted && doubts.count > 1);
  host_->pool.changed(*host_);
}

void Slot::believe_pages() {
  const MutexLock lock(host_->pool.mutex_);
  host_->budget.unlearn();
  host_->pages = true;
  host_->pool.changed(*host_);
}

void Slot::gave_no_file(std::string page) {
  const MutexLock lock(host_->pool.mutex_);
  auto& pages = host_->no_files;
  if (page.empty() || std::find(pages.begin(), pages.end(), page) != pages.end()) return;
  if (pages.size() == kNoFiles) pages.pop_front();
  pages.push_back(std::move(page));
}

Slot::Page Slot::meaning_of(const std::string& page) const {
  const MutexLock lock(host_->pool.mutex_);
  const bool is_no_file = std::find(host_->no_files.begin(), host_->no_files.end(), page) != host_->no_files.end();
  return is_no_file ? Page::no_file : host_->pages ? Page::meant : Page::unknown;
}

void Slot::was_crowded(const Doubts& doubts) {
  const MutexLock lock(host_->pool.mutex_);
  const Instant now = host_->pool.clock_.now();
  if (host_->refutes(doubts, now)) return;
  host_->narrow = now;
  host_->honest = 0;
  host_->slow = host_->slow || doubts.count > 1;
}

std::optional<Doubts> Slot::crowd(const Doubts& doubts) const {
  const MutexLock lock(host_->pool.mutex_);
  const Instant now = host_->pool.clock_.now();
  const unsigned in_use = host_->budget.in_use();
  const bool lately = doubts.count < 2 && now < host_->is_quiet_from(doubts.count + 1, now);
  const unsigned connections = lately ? std::max(in_use, 2U) : in_use;
  const Doubts beside{doubts.count, std::max(connections, doubts.connections), doubts.asked_at};
  if (connections == 1 || host_->refutes(beside, now) || !host_->is_doubted(connections, now)) return std::nullopt;
  host_->doubtful = std::max(host_->doubtful, connections);
  return Doubts{doubts.count + 1, connections, now};
}

bool Slot::wanted_elsewhere() const {
  const MutexLock lock(host_->pool.mutex_);
  return host_->is_awaited() || host_->pool.is_queued_for(*host_) || host_->budget.in_use() > host_->budget.allowed();
}

bool Slot::closed() const {
  const MutexLock lock(host_->pool.mutex_);
  return host_->pool.clock_.now() < host_->budget.opens();
}

void Pool::led_where_it_should(const Origin& origin) {
  const MutexLock lock(mutex_);
  Host& host = host_of(origin);
  if (host.budget.in_use() == 0) ++host.honest;
}

void Pool::stumbled(const Origin& origin) {
  const MutexLock lock(mutex_);
  Host& host = host_of(origin);
  if (!host.stumbles) host.stumbles = clock_.now();
}

void Pool::given_up(const Origin& origin, const Error& error) {
  const MutexLock lock(mutex_);
  Host& host = host_of(origin);
  if (!host.stumbles) host.stumbles = clock_.now();
  // Where it answers, and refuses, that may be those resources' own.
  if (++host.given_up < (error.http_status != 0 ? kRefusedOnes : kUnansweredOnes)) return;
  host.down = error;
  host.patience = std::clamp(2 * host.patience, kFirstHold, kLongestHold);
  host.tried_again = clock_.now() + host.patience;
}

std::optional<Error> Pool::down(const Origin& origin) {
  const MutexLock lock(mutex_);
  Host& host = host_of(origin);
  if (!host.down || clock_.now() < host.tried_again) return host.down;
  host.tried_again = clock_.now() + host.patience;
  return std::nullopt;
}

// What was learned of a host is kept for the session, but a list of a million hosts must neither fill the memory nor
// keep the governor busy. The oldest go first, and those that have taught nothing before those that have.
void Pool::forget_idle_hosts() {
  if (hosts_.size() <= kIdleHosts + kIdleHosts / 4) return;  // then many together: sorting them all costs little each
  using Entry = decltype(hosts_)::iterator;
  std::vector<Entry> idle;
  try {
    idle.reserve(hosts_.size());
  } catch (const std::bad_alloc&) {
    return;  // another time
  }
  for (auto entry = hosts_.begin(); entry != hosts_.end(); ++entry) {
    if (entry->second->is_idle()) idle.push_back(entry);
  }
  if (idle.size() <= kIdleHosts) return;
  std::sort(idle.begin(), idle.end(), [](const Entry& left, const Entry& right) {
    const Host &a = *left->second, &b = *right->second;
    return a.refused != b.refused ? b.refused : a.last_used < b.last_used;
  });
  idle.resize(idle.size() - kIdleHosts);
  for (const Entry& entry : idle) hosts_.erase(entry);
}

}  // namespace segdl::engine
