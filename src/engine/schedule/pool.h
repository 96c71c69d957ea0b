// The threads of a session, and who may use a connection to which host.
//
// One pool serves all downloads. Each download is led by one thread, which opens its place, asks first, and publishes;
// while it has more work than one connection can do it offers an Assist, and idle threads come to help:
//
//   submit(task) ──> a thread runs it(slot) ──> OpenAssist ──> idle threads: assist.help(slot) ──> ~OpenAssist
//
// A thread uses a connection only with a Slot in its hand. How many slots a host has is decided by its HostBudget, from
// its answers and refusals; after a refusal no thread asks anything of the host before the time it named. A download is
// begun when its host has a slot for it, and one that ends hands its slot back with the thread: small files follow each
// other on the same thread and connection, and no thread is woken for them. Downloads that wait for a slot precede
// helpers, so many small files are not held up by a large one.
//
// A governor looks at everything ten times a second: speeds for the budgets, and every assist's tick().
//
// One mutex guards all of it. It is not held during I/O, nor taken while a download's own monitor is. Thread-safe.
#pragma once

#include <segdl/error.h>
#include <segdl/session.h>

#include "engine/base/monitor.h"
#include "engine/schedule/host.h"
#include "seams/clock.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace segdl::engine {

// What a download offers to idle threads.
struct Assist {
  // Fetches as long as there is something for one more; on any thread. Neither this nor the next throws.
  std::function<void(Slot)> help;
  std::function<void(Instant)> tick;        // looks after who is at work
  std::atomic<bool> wants_workers = false;  // one more could perhaps do something
  // Whether one more would only wait with those who do. Called with the pool's lock held; may be empty.
  std::function<bool(Instant)> is_held_up;

 private:
  friend class OpenAssist;
  friend class Pool;
  Host* host_ = nullptr;  // guarded by the pool, and so is the next
  unsigned users_ = 0;    // threads inside help() or tick()
};

// A download, among those of a pool.
enum class TaskId : std::uint64_t {};

// Where it is in the queue: before those of lesser priority, and of those of its own before those of greater ids.
struct Place {
  Place(TaskId of, int by = 0) : id(of), priority(by) {}
  friend bool operator<(const Place& a, const Place& b) {
    return a.priority != b.priority ? a.priority > b.priority : a.id < b.id;
  }

  TaskId id;
  int priority;
};

class Pool {
 public:
  struct Options {
    unsigned connections = 0;  // as SessionOptions
    unsigned jobs = 1;
    std::size_t most_threads = std::numeric_limits<std::size_t>::max();  // at least 1

    unsigned most_connections() const { return connections > 0 ? connections : kMaxAutoConnections; }
    // So many can be of use: downloads that wait for a host that does not answer have a thread each, and so have those
    // that pass them by.
    std::size_t wanted_threads() const { return std::max(most_connections(), 2 * jobs); }
  };

  // One thread and the governor are started with it: with these every download comes to its end, so that there is none
  // which waits for a thread that can't be had.
  Pool(Clock&, Options);
  // Why the pool serves nothing, if it could not be started: then nothing may be led.
  const std::optional<Error>& broken() const { return broken_; }
  ~Pool();  // REQUIRES: no download is led any more
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Runs this on one of the threads when the host has a slot for it, at most `jobs` in parallel. In their order, but
  // that those whose host has none are passed by; not more than `jobs` of them, or a thousand where it stumbles.
  // What it returns of its slot is used for the next; it throws nothing. REQUIRES: its place is free.
  using Run = std::function<Slot(Slot)>;
  void submit(Place, const Origin&, Run);
  // Takes it back if it has not begun.
  bool withdraw(Place);

  // Whether a download is under way.
  bool has_tasks() {
    const MutexLock lock(mutex_);
    return running_ > 0;
  }

  // Waits until one more connection to the host may be used. With doubts, by who has got nothing so often in a
  // row, perhaps since others were in use, none is to be, nor to have been for kNoticed; after two, where the host may
  // count them longer, for kForgotten. Not where it is doubted no more. No download begins with the host meanwhile, and
  // the helpers of the others leave: for a while, unless the host is known for that. Errors: cancelled, or out of time
  // after `last`; that, too, where the doubts are refuted meanwhile.
  Result<Slot> enter(const Origin&, const std::stop_token&, Instant last = Instant::max(), const Doubts& = {});

  // It wants more workers again.
  void request_workers(Assist&);
  // Further help goes to this host, if it is open.
  void moved(Assist&, const Origin&);

  // A host that does not answer costs one download's tries, once: while it stumbles no more than one download begins
  // with it, and after a moment those that are under way count as no jobs, up to `jobs` of them: they do nothing but
  // wait. So those of other hosts pass by. After one has given it up the next ones get a try each, and after
  // some of those none: they fail with the same error, but for one now and then. Any answer ends that.
  void stumbled(const Origin&);
  void given_up(const Origin&, const Error&);
  bool was_given_up(const Origin& origin) {
    const MutexLock lock(mutex_);
    return host_of(origin).given_up > 0;
  }
  std::optional<Error> down(const Origin&);

  // What it led to was refused for another reason than its own number of connections.
  void led_where_it_should(const Origin&);

  // How many connections to a host there are going to be; an estimate.
  unsigned expected(const Origin&);

  // How many hosts it remembers: about a thousand at most, and those in use.
  std::size_t hosts() {
    const MutexLock lock(mutex_);
    return hosts_.size();
  }

 private:
  friend class OpenAssist;
  friend class Slot;
  struct QueuedTask {
    Host* host;
    Run run;
  };
  using Queue = std::map<Place, QueuedTask>;
  struct Job {
    Host* host = nullptr;
    Assist* assist = nullptr;  // to help with; null: the next task
    Run run = {};
  };

  Host& host_of(const Origin&) SEGDL_REQUIRES(mutex_);
  Job next_job(Job ended, Slot left, const std::stop_token&);
  Job take_job() SEGDL_REQUIRES(mutex_);
  Queue::iterator next_queued() SEGDL_REQUIRES(mutex_);
  bool may_start() const SEGDL_REQUIRES(mutex_) { return running_ < options_.jobs + std::min(stalled_, options_.jobs); }
  // Whether a download will begin as soon as the host has a slot for it.
  bool is_queued_for(const Host& host) const SEGDL_REQUIRES(mutex_) {
    return host.queued > 0 && host.waiting == 0 && may_start() && !host.is_passed_by();
  }
  void take_back(Host&) SEGDL_REQUIRES(mutex_);
  bool has_job() SEGDL_REQUIRES(mutex_) { return next_queued() != queue_.end() || assist_to_join() != nullptr; }
  Assist* assist_to_join() SEGDL_REQUIRES(mutex_);
  void call_thread() SEGDL_REQUIRES(mutex_);
  Result<void> add_thread() SEGDL_REQUIRES(mutex_);
  void let_go_on(Host&, std::pair<Instant, Instant> reported) SEGDL_REQUIRES(mutex_);
  void changed(Host&) SEGDL_REQUIRES(mutex_);
  void work(const std::stop_token&) noexcept;
  void govern(const std::stop_token&) noexcept;
  void tick();
  void forget_idle_hosts() SEGDL_REQUIRES(mutex_);

  Clock& clock_;
  const Options options_;
  Mutex mutex_;
  Condition work_;     // for idle threads: a job is there
  Condition slots_;    // for enter(): something changed
  Condition left_;     // for ~OpenAssist(): a thread left an assist
  Condition started_;  // for the governor: a download began
  std::map<std::string, std::unique_ptr<Host>> hosts_ SEGDL_GUARDED_BY(mutex_);
  Queue queue_ SEGDL_GUARDED_BY(mutex_);
  std::vector<Assist*> assists_ SEGDL_GUARDED_BY(mutex_);
  std::size_t next_assist_ SEGDL_GUARDED_BY(mutex_) = 0;
  std::size_t most_threads_ SEGDL_GUARDED_BY(mutex_);
  unsigned running_ SEGDL_GUARDED_BY(mutex_) = 0;
  unsigned stalled_ SEGDL_GUARDED_BY(mutex_) = 0;  // of those, with a host that stumbles; as of the latest tick
  unsigned idle_ SEGDL_GUARDED_BY(mutex_) = 0;
  std::vector<Assist*> ticked_;  // the governor's: assists whose tick() is being called
  std::vector<std::jthread> threads_ SEGDL_GUARDED_BY(mutex_);
  std::optional<Error> broken_;
  std::jthread governor_;
};

// Threads come to help while this is there; its end waits until none is inside any more. REQUIRES: the assist stays
// where it is; before the end its workers are asked to end.
class OpenAssist {
 public:
  OpenAssist(Pool&, Assist&, const Origin&);
  ~OpenAssist();
  OpenAssist(const OpenAssist&) = delete;
  OpenAssist& operator=(const OpenAssist&) = delete;

 private:
  Pool& pool_;
  Assist& assist_;
};

}  // namespace segdl::engine
