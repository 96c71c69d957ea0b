#include "engine/schedule/pool.h"

#include "core/base/errors.h"
#include "engine/base/threads.h"

#include <new>

namespace segdl::engine {
namespace {

constexpr std::chrono::milliseconds kTick{100};
constexpr std::chrono::seconds kImpatient{2};  // so long a host's helpers give way to one who doubts its refusal
constexpr std::chrono::seconds kStalled{2};    // a host that stumbles so long is waited for, and not for a moment
constexpr unsigned kMaxPassedBy = 1000;        // downloads that wait for such hosts
constexpr std::chrono::hours kLongWait{1};     // looked at again after that, though nothing has changed

}  // namespace

Pool::Pool(Clock& clock, Options options)
    : clock_(clock), options_(options), most_threads_(std::min(options.wanted_threads(), options.most_threads)) {
  auto governor = start_thread([this](const std::stop_token& stop) { govern(stop); });
  auto started = governor ? Result<void>() : governor.error();
  if (governor) governor_ = std::move(*governor);
  const MutexLock lock(mutex_);
  if (started) started = add_thread();
  if (!started) broken_ = std::move(started).error();
}

Pool::~Pool() {
  std::vector<std::jthread> threads;
  {
    const MutexLock lock(mutex_);
    threads.swap(threads_);
  }
  for (std::jthread& thread : threads) thread.request_stop();
  // The threads are joined, then the governor, before anything they use goes.
}

void Pool::submit(Place place, const Origin& origin, Run run) {
  const MutexLock lock(mutex_);
  Host& host = host_of(origin);
  queue_.emplace_hint(queue_.end(), place, QueuedTask{&host, std::move(run)});
  ++host.queued;
  if (running_ == 0 && queue_.size() == 1) started_.notify_all();
  call_thread();
}

bool Pool::withdraw(Place place) {
  const MutexLock lock(mutex_);
  const auto found = queue_.find(place);
  if (found == queue_.end()) return false;
  --found->second.host->queued;
  queue_.erase(found);
  return true;
}

Result<Slot> Pool::enter(const Origin& origin, const std::stop_token& stop, Instant last, const Doubts& doubts) {
  Instant patient_from = doubts.count > 0 ? clock_.now() + kImpatient : Instant::max();
  const Instant begun = clock_.now();
  Host* counted_by = nullptr;  // among those who wait, also while it sleeps
  bool patient = false;
  for (;;) {
    Instant opens;
    {
      const MutexLock lock(mutex_);
      Host& host = counted_by != nullptr ? *counted_by : host_of(origin);
      if (counted_by == nullptr) ++host.waiting;
      const auto alone = [&] { return doubts.count > 0 && host.is_doubted(host.doubtful, clock_.now()); };
      const auto opens_at = [&] {
        const bool quiet = alone() && host.budget.in_use() == 0;
        return quiet ? std::max(host.budget.opens(), host.is_quiet_from(doubts.count, clock_.now()))
                     : host.budget.opens();
      };
      const auto may = [&] {
        const bool fits = !alone() || host.budget.in_use() == 0;
        return fits && clock_.now() >= opens_at() && host.budget.may_enter(clock_.now());
      };
      const auto ends = [&] { return clock_.now() >= last || host.refutes(doubts, clock_.now()); };
      while (!stop.stop_requested() && !may() && clock_.now() >= opens_at() && !ends() && clock_.now() < patient_from) {
        slots_.wait_until(mutex_, stop, std::min({last, patient_from, clock_.now() + kLongWait}));
      }
      const bool stopped = stop.stop_requested();
      const bool enters = !stopped && may();
      const bool is_over = enters || stopped || ends();
      counted_by = doubts.count > 0 && !is_over ? &host : nullptr;
      if (counted_by != nullptr && clock_.now() >= patient_from) {
        patient_from = Instant::max();
        patient = host.assists > 0 && !host.is_narrow(clock_.now());
        if (patient) let_go_on(host, {doubts.asked_at, begun});
      }
      if (counted_by == nullptr) --host.waiting;
      if (counted_by == nullptr && patient) --host.patient;
      if (enters) {
        host.budget.enter();
        if (!host.is_awaited()) call_thread();  // what is left is for helpers
        return Slot(host);
      }
      if (stopped) return cancelled();
      if (is_over) return out_of_time("wait for", origin.authority());
      opens = std::min({opens_at(), last, patient_from});
    }
    if (!clock_.sleep_until(opens, stop) && counted_by == nullptr) return cancelled();
  }
}

// One who doubts a refusal has waited for the host's others to end, and they may take long. If it was for another
// reason, that shows by how many of them the host serves now. What only that refusal has taught is forgotten: it was
// reported in this time.
void Pool::let_go_on(Host& host, std::pair<Instant, Instant> reported) {
  ++host.patient;
  const Instant taught = host.budget.taught();
  if (taught >= reported.first && taught <= reported.second) host.budget.unlearn();
  changed(host);
}

OpenAssist::OpenAssist(Pool& pool, Assist& assist, const Origin& origin) : pool_(pool), assist_(assist) {
  const MutexLock lock(pool.mutex_);
  Host& host = pool.host_of(origin);
  pool.assists_.push_back(&assist);
  assist.host_ = &host;
  ++host.assists;
  pool.call_thread();
}

OpenAssist::~OpenAssist() {
  const MutexLock lock(pool_.mutex_);
  std::erase(pool_.assists_, &assist_);
  --std::exchange(assist_.host_, nullptr)->assists;
  while (assist_.users_ > 0) pool_.left_.wait(pool_.mutex_, {});
}

void Pool::moved(Assist& assist, const Origin& origin) {
  const MutexLock lock(mutex_);
  if (assist.host_ == nullptr) return;
  Host& host = host_of(origin);
  --std::exchange(assist.host_, &host)->assists;
  ++host.assists;
}

void Pool::request_workers(Assist& assist) {
  if (assist.wants_workers.exchange(true)) return;
  const MutexLock lock(mutex_);
  call_thread();
}

unsigned Pool::expected(const Origin& origin) {
  if (options_.connections > 0) return options_.connections;
  const MutexLock lock(mutex_);
  return std::min(kMaxAutoConnections, 2 * host_of(origin).budget.allowed());
}

Host& Pool::host_of(const Origin& origin) {
  std::string name = (origin.secure ? "s " : "p ") + origin.authority();
  auto known = hosts_.find(name);
  if (known == hosts_.end()) {  // made first: without memory none may be left that is null
    auto host = std::make_unique<Host>(*this, origin, options_.most_connections(), options_.connections == 0);
    known = hosts_.emplace(std::move(name), std::move(host)).first;
  }
  known->second->last_used = clock_.now();
  return *known->second;
}

// A slot of this host may have become free.
void Pool::changed(Host& host) {
  if (host.waiting > 0) slots_.notify_all();
  if (!host.is_awaited()) call_thread();
}

Assist* Pool::assist_to_join() {
  const Instant now = clock_.now();
  for (std::size_t i = 0; i < assists_.size(); ++i) {
    Assist* assist = assists_[(next_assist_ + i) % assists_.size()];
    if (!assist->wants_workers || (assist->is_held_up && assist->is_held_up(now))) continue;
    const Host& host = *assist->host_;
    // Of a host that gives nothing a helper would only wait, with a thread that others could use.
    if (host.stumbles || host.is_awaited() || is_queued_for(host) || !host.budget.may_enter(now)) continue;
    next_assist_ = (next_assist_ + i + 1) % assists_.size();
    return assist;
  }
  return nullptr;
}

Pool::Queue::iterator Pool::next_queued() {
  if (!may_start()) return queue_.end();
  const Instant now = clock_.now();
  unsigned passed_by = 0;
  unsigned left = options_.jobs + kMaxPassedBy;
  for (auto queued = queue_.begin(); queued != queue_.end() && left > 0 && passed_by < options_.jobs;
       ++queued, --left) {
    const Host& host = *queued->second.host;
    if (host.is_passed_by()) continue;
    if (host.waiting == 0 && host.budget.may_enter(now)) return queued;
    ++passed_by;
  }
  return queue_.end();
}

Result<void> Pool::add_thread() {
  try {
    threads_.reserve(threads_.size() + 1);  // first: a thread that is not kept would have to be waited for
    auto started = start_thread([this](const std::stop_token& stop) { work(stop); });
    if (!started) return std::move(started).error();
    threads_.push_back(std::move(*started));
    return {};
  } catch (const std::exception& exception) {
    return error_of(exception, "start a thread");
  }
}

// One thread is enough: the one that takes a job calls the next.
void Pool::call_thread() {
  if (!has_job()) return;
  if (idle_ > 0) {
    work_.notify_one();
  } else if (threads_.size() < most_threads_ && !add_thread()) {
    most_threads_ = threads_.size();  // no more are to be had: the work waits for those there are
  }
}

Pool::Job Pool::take_job() {
  if (const auto queued = next_queued(); queued != queue_.end()) {
    ++running_;
    Job job{queued->second.host, nullptr, std::move(queued->second.run)};
    queue_.erase(queued);
    --job.host->queued;
    ++job.host->running;
    job.host->budget.enter();
    return job;
  }
  Assist* assist = assist_to_join();
  if (assist == nullptr) return {};
  Host& host = *assist->host_;
  host.last_used = clock_.now();
  host.budget.enter();
  ++assist->users_;
  assist->wants_workers = false;  // until it turns out that there was something to do
  return {&host, assist};
}

void Pool::take_back(Host& host) {
  host.budget.leave();
  host.last_left = host.last_used = clock_.now();
}

// Concludes one job and takes the next: in one step, so that a slot that was left goes to who left it.
Pool::Job Pool::next_job(Job ended, Slot left, const std::stop_token& stop) {
  const MutexLock lock(mutex_);
  if (ended.assist != nullptr) {
    --ended.assist->users_;
    left_.notify_all();
  } else if (ended.host != nullptr) {
    --running_;
    --ended.host->running;
  }
  if (left) {
    Host& host = *left.host_.release();
    if (host.waiting > 0) slots_.notify_all();
    take_back(host);
    forget_idle_hosts();
  }
  while (!stop.stop_requested()) {
    if (Job job = take_job(); job.host != nullptr) {
      call_thread();
      return job;
    }
    ++idle_;
    work_.wait(mutex_, stop);
    --idle_;
  }
  return {};
}

// Nothing is thrown: what is run catches its own, and between two jobs nothing is allocated.
void Pool::work(const std::stop_token& stop) noexcept {
  Slot left;
  for (Job job = next_job({}, {}, stop); job.host != nullptr;
       job = next_job(std::move(job), std::exchange(left, Slot()), stop)) {
    Slot slot(*job.host);
    if (job.assist != nullptr) {
      job.assist->help(std::move(slot));
    } else {
      left = job.run(std::move(slot));
    }
  }
}

void Pool::govern(const std::stop_token& stop) noexcept {
  while (!stop.stop_requested()) {
    {
      const MutexLock lock(mutex_);
      if (running_ == 0 && queue_.empty()) started_.wait(mutex_, stop);
      started_.wait_for(mutex_, stop, kTick);
    }
    tick();
  }
}

void Pool::tick() {
  {
    const MutexLock lock(mutex_);
    const Instant now = clock_.now();
    unsigned stalled = 0;
    for (auto& [name, host] : hosts_) {
      host->measure(now);
      if (host->stumbles && now - *host->stumbles >= kStalled) stalled += host->running;
      changed(*host);
    }
    if (std::exchange(stalled_, stalled) < stalled) call_thread();
    try {
      ticked_ = assists_;
    } catch (const std::bad_alloc&) {
      return;  // the next time, perhaps
    }
    for (Assist* assist : ticked_) ++assist->users_;
  }
  for (Assist* assist : ticked_) assist->tick(clock_.now());
  const MutexLock lock(mutex_);
  for (Assist* assist : ticked_) --assist->users_;
  left_.notify_all();
}

}  // namespace segdl::engine
