// A pool on virtual time, and what its tests wait with. Threads wait for each other, and for no time, but that a test
// that hangs is ended.
#pragma once

#include "engine/schedule/pool.h"
#include "support/fake_clock.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace segdl::engine {

using namespace std::chrono_literals;

inline constexpr std::chrono::seconds kPatience{30};

inline Origin origin(const std::string& host = "a.test") { return {false, host, 80}; }

// A number that threads change and wait for. REQUIRES: it was made before the Scene whose threads do.
class Counter {
 public:
  void add(int by = 1) {
    const std::lock_guard lock(mutex_);
    value_ += by;
    most_ = std::max(most_, value_);
    changed_.notify_all();
  }
  bool reaches(int value, std::chrono::milliseconds patience = kPatience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return value_ >= value; });
  }
  int value() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }
  int most() const {
    const std::lock_guard lock(mutex_);
    return most_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int value_ = 0;
  int most_ = 0;
};

// A pool on virtual time, which begins at the machine's, so that what the pool itself waits for is not over at once.
struct Scene {
  explicit Scene(Pool::Options options) {
    clock.advance(std::chrono::steady_clock::now().time_since_epoch());
    pool = std::make_unique<Pool>(clock, options);
  }

  // A slot if there is one at this moment.
  Slot slot(const Origin& of = origin()) {
    auto entered = pool->enter(of, {}, clock.now());
    return entered ? std::move(*entered) : Slot();
  }

  // So many slots in use, each of which was answered.
  std::vector<Slot> answered_slots(unsigned count, const Origin& of = origin()) {
    std::vector<Slot> slots;
    while (slots.size() < count) {
      slots.push_back(slot(of));
      REQUIRE(slots.back());
      slots.back().answered(1ms);
    }
    return slots;
  }

  test::FakeClock clock;
  std::unique_ptr<Pool> pool;
};

// A download that is under way until the object goes: the governor ticks only while there is one.
class Leading {
 public:
  explicit Leading(Pool& pool) {
    pool.submit(TaskId{}, origin("lead.test"), [this](Slot) {
      begun_.count_down();
      end_.wait();
      ended_.count_down();
      return Slot();
    });
    begun_.wait();
  }
  ~Leading() {
    end_.count_down();
    ended_.wait();
  }
  Leading(const Leading&) = delete;
  Leading& operator=(const Leading&) = delete;

 private:
  std::latch begun_{1}, end_{1}, ended_{1};
};

// A share whose helpers stay inside until they are let out.
struct Helped {
  explicit Helped(Pool& pool_, const Origin& of = origin()) : pool(pool_) {
    assist.help = [this](Slot slot) {
      if (answers) slot.answered(1ms);
      inside.add();
      came.add();
      out.reaches(1);
      inside.add(-1);
    };
    assist.tick = [this](Instant) { ticks.add(); };
    assist.wants_workers = true;
    open.emplace(pool, assist, of);
  }
  ~Helped() {
    out.add();
    open.reset();
  }
  Helped(const Helped&) = delete;
  Helped& operator=(const Helped&) = delete;

  bool tick_twice() { return ticks.reaches(ticks.value() + 2); }

  Pool& pool;
  Assist assist;
  std::optional<OpenAssist> open;
  bool answers = true;
  Counter inside, came, ticks, out;
};

// Waits until somebody waits for a slot of the host that this one is of.
inline void until_waited_for(const Slot& held) {
  while (!held.wanted_elsewhere()) std::this_thread::yield();
}

inline std::future<Result<Slot>> enter_beside(Scene& scene, std::stop_token stop = {},
                                              Instant deadline = Instant::max()) {
  return std::async(std::launch::async,
                    [&scene, stop, deadline] { return scene.pool->enter(origin(), stop, deadline); });
}

}  // namespace segdl::engine
