// A mutex and a condition that the compiler can reason about (clang's -Wthread-safety).
//
// What a monitor guards is marked SEGDL_GUARDED_BY(mutex_); functions that expect the lock held say
// SEGDL_REQUIRES(mutex_). The macros are the only ones in the project.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <utility>

#if defined(__clang__)
#define SEGDL_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define SEGDL_THREAD_ANNOTATION(x)
#endif
#define SEGDL_GUARDED_BY(x) SEGDL_THREAD_ANNOTATION(guarded_by(x))
#define SEGDL_REQUIRES(...) SEGDL_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define SEGDL_ACQUIRE(...) SEGDL_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define SEGDL_RELEASE(...) SEGDL_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define SEGDL_NO_ANALYSIS SEGDL_THREAD_ANNOTATION(no_thread_safety_analysis)

namespace segdl::engine {

class SEGDL_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  void lock() SEGDL_ACQUIRE() { mutex_.lock(); }
  void unlock() SEGDL_RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class SEGDL_THREAD_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) SEGDL_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() SEGDL_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waiting gives the mutex up and takes it again before it returns; it may return early, so callers check their
// condition in a loop.
class Condition {
 public:
  // Returns when notified or when a stop is requested.
  void wait(Mutex& mutex, const std::stop_token& stop) SEGDL_REQUIRES(mutex) SEGDL_NO_ANALYSIS {
    bool asked = false;
    condition_.wait(mutex, stop, [&asked] { return std::exchange(asked, true); });
  }

  // More is as good as for ever, and a deadline that far fits any clock.
  static constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 365);

  // Waits up to `time`, whatever clock the engine runs on, until `done()`, which is called with the mutex held. Returns
  // what that returned last.
  template <class Done>
  bool wait_for(Mutex& mutex, std::chrono::milliseconds time, Done done) SEGDL_REQUIRES(mutex) SEGDL_NO_ANALYSIS {
    return condition_.wait_for(mutex, std::min(time, kLongest), std::move(done));
  }

  // Waits up to `time`, whatever clock the engine runs on; a stop request ends it too.
  void wait_for(Mutex& mutex, const std::stop_token& stop, std::chrono::milliseconds time)
      SEGDL_REQUIRES(mutex) SEGDL_NO_ANALYSIS {
    bool asked = false;
    condition_.wait_for(mutex, stop, time, [&asked] { return std::exchange(asked, true); });
  }

  // Until `until`; a stop request ends it too.
  void wait_until(Mutex& mutex, const std::stop_token& stop, std::chrono::steady_clock::time_point until)
      SEGDL_REQUIRES(mutex) SEGDL_NO_ANALYSIS {
    bool asked = false;
    condition_.wait_until(mutex, stop, until, [&asked] { return std::exchange(asked, true); });
  }

  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable_any condition_;
};

}  // namespace segdl::engine
