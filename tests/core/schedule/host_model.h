// A host and the workers that download from it, in virtual time, with a HostBudget between them.
//
// Time advances in small steps. In each, free workers enter as the budget allows, requests arrive and are answered or
// refused, and bodies flow: each connection at the speed `connection`, all together at most at `total`.
#pragma once

#include "core/schedule/host_budget.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

namespace segdl {

constexpr double kMiBps = 1024.0 * 1024.0;

struct HostTraits {
  using Duration = std::chrono::nanoseconds;

  // The host.
  Duration latency = std::chrono::milliseconds(20);
  double connection = 8 * kMiBps;  // bytes/s of each
  double burst = 0;                // seconds of that speed which each response sends immediately
  std::function<double(unsigned)> total = [](unsigned) { return std::numeric_limits<double>::infinity(); };
  unsigned serves = std::numeric_limits<unsigned>::max();  // at a time; others are refused
  std::function<bool(double)> refuses_all = [](double) { return false; };
  Duration retry_after = std::chrono::milliseconds(250);

  // Those who want something of it.
  unsigned workers = 64;
  double body = 16 * kMiBps;  // bytes of each request
  bool keeps_place = false;   // keeps its slot for the next request, as long as the budget allows
  std::uint64_t bodies = std::numeric_limits<std::uint64_t>::max();
  Duration step = std::chrono::milliseconds(4);
  Duration measure_every = std::chrono::milliseconds(100);
};

struct HostModel : HostTraits {
  explicit HostModel(HostTraits traits) : HostTraits(std::move(traits)) {}

  // What happened.
  unsigned refusals = 0;
  unsigned requests = 0;
  std::uint64_t done = 0;
  double received = 0;
  HostBudget::Instant now{};

  // Runs for that long, or until everything was fetched.
  void run(HostBudget& budget, Duration time) {
    const auto end = now + time;
    at_work_.resize(workers);
    while (now < end && done < bodies) one_step(budget);
  }

  double seconds() const { return std::chrono::duration<double>(now.time_since_epoch()).count(); }

 private:
  struct Worker {
    bool at_work = false, served = false, answered = false;
    HostBudget::Instant asked{}, since{};
    double left = 0, got = 0, wish = 0;
  };

  void one_step(HostBudget& budget) {
    for (Worker& worker : at_work_) {
      if (worker.at_work && !worker.answered && now >= worker.asked + latency) answer(budget, worker);
      if (!worker.at_work && done + budget.in_use() < bodies && budget.may_enter(now)) {
        budget.enter();
        ask(worker);
      }
    }
    flow(budget);
    now += step;
    if (now < next_measure_) return;
    budget.measured(now, static_cast<std::uint64_t>(received));
    next_measure_ = now + measure_every;
  }

  void ask(Worker& worker) {
    ++requests;
    worker = {};
    worker.at_work = true;
    worker.asked = now;
    worker.served = serving_ < serves && !refuses_all(seconds());
    if (worker.served) ++serving_;
  }

  void answer(HostBudget& budget, Worker& worker) {
    if (!worker.served) {
      ++refusals;
      budget.refused(now, now + retry_after);
      budget.leave();
      worker.at_work = false;
      return;
    }
    worker.answered = true;
    worker.since = now;
    worker.left = body * (0.75 + 0.125 * (requests % 5));  // no two in step
    budget.answered(now, now - worker.asked);
  }

  void flow(HostBudget& budget) {
    std::vector<Worker*> flowing;
    for (Worker& worker : at_work_) {
      if (!worker.at_work || !worker.answered) continue;
      worker.wish = wish(worker);
      flowing.push_back(&worker);
    }
    // Equal shares, but none larger than the connection's `wish`.
    std::sort(flowing.begin(), flowing.end(), [](auto* a, auto* b) { return a->wish < b->wish; });
    double rest = total(static_cast<unsigned>(flowing.size())) * std::chrono::duration<double>(step).count();
    for (std::size_t i = 0; i < flowing.size(); ++i) {
      const double bytes = std::min(flowing[i]->wish, rest / static_cast<double>(flowing.size() - i));
      rest -= bytes;
      receive(budget, *flowing[i], bytes);
    }
  }

  void receive(HostBudget& budget, Worker& worker, double bytes) {
    worker.got += bytes;
    worker.left -= bytes;
    received += bytes;
    if (worker.left > 1e-6) return;
    --serving_;
    ++done;
    if (keeps_place && budget.in_use() <= budget.allowed() && now >= budget.opens() &&
        done + budget.in_use() <= bodies) {
      ask(worker);
      return;
    }
    budget.leave();
    worker.at_work = false;
  }

  // What the host would send it in this step, were there no other.
  double wish(const Worker& worker) const {
    const double age = std::chrono::duration<double>(now - worker.since + step).count();
    return std::clamp(connection * (age + burst) - worker.got, 0.0, worker.left);
  }

  std::vector<Worker> at_work_;
  unsigned serving_ = 0;
  HostBudget::Instant next_measure_{};
};

}  // namespace segdl
