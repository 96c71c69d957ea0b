// Ten terabytes over a thousand uneven connections that change, fail and stall, in virtual time.
//
// The lives of the connections are drawn from a seed first, independent of the scheduler, so that the ideal is known:
// the time after which all connections that were up could have delivered these bytes together.
// Counted as wasted are: what a connection has of a segment when it fails, the bytes of the loser of a hedge, and bytes
// in flight when a response is cut after a split.
// No connection is cut because it stalls: the scheduler has to do without it.
//
// While work is missing, a connection is examined when its span ends; from then on at the end of each segment, and all
// of them once a second. SEED=n in the environment replays one seed.
#include "core/http/connection_lives.h"
#include "core/schedule/scheduler_grant.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr double kConnect = 0.2, kRequest = 0.01;  // seconds until the first byte: on a new connection, on a used one
constexpr double kInFlight = 256.0 * kKiB;         // bytes thrown away when a response is cut short

struct Connection {
  std::vector<Change> life;
  std::size_t changes = 0;  // of its life, so far
  double speed = 0;         // bytes/s; 0: it has failed, or stalls
  bool up = false;          // it may ask for work
  bool connected = false;
  bool busy = false;                // a response is coming
  bool idle = false;                // it has asked in vain
  double flows = 0;                 // from then on
  double seen_to = 0;               // bytes are counted up to then
  double filled = 0;                // bytes of the segment it is at
  std::uint32_t asked_end = 0;      // of its request
  std::uint32_t at_end = 0;         // so far it has got
  std::optional<WorkerId> partner;  // who fetches the same segment
  double measured_from = 0, received = 0, measured = 0;
  std::uint32_t plan = 0;  // the number of its plan that holds
};

struct Event {
  enum class Kind { life, plan, tick };
  double at = 0;
  Kind kind = Kind::tick;
  WorkerId worker{};
  std::uint32_t plan = 0;
  friend bool operator>(const Event& left, const Event& right) { return left.at > right.at; }
};

class Simulation {
 public:
  Simulation(const World& world, std::uint64_t seed)
      : layout_(world.total, Layout::default_segment_size(world.total)),
        scheduler_(layout_, std::vector<bool>(layout_.count())),
        connections_(world.connections) {
    Dice dice(seed);
    std::vector<std::vector<Change>> lives;
    for (std::uint32_t i = 0; i < world.connections; ++i) lives.push_back(draw_life(world, dice));
    ideal = ideal_time(lives, static_cast<double>(world.total));
    for (std::uint32_t i = 0; i < world.connections; ++i) {
      connections_[i].life = lives[i];
      events_.push({0, Event::Kind::life, WorkerId{i}, 0});
    }
  }

  void run() {
    while (!scheduler_.states().finished()) {
      REQUIRE(!events_.empty());
      const Event event = events_.top();
      events_.pop();
      now_ = event.at;
      REQUIRE(now_ < 2 * ideal);
      if (event.kind == Event::Kind::tick) {
        tick();
      } else if (event.kind == Event::Kind::life) {
        live(event.worker);
      } else if (event.plan == at(event.worker).plan) {
        arrive(event.worker);
      }
      if (!ending_ && scheduler_.states().missing().count() == 0) begin_to_end();
    }
    time = now_;
    for (const Connection& connection : connections_) wasted += connection.filled;
  }

  double ideal = 0, time = 0, wasted = 0, received = 0;
  std::uint64_t most_steps = 0, steps = 0, calls = 0;
  std::uint32_t splits = 0, hedges = 0, failures = 0;

 private:
  Connection& at(WorkerId worker) { return connections_[index(worker)]; }

  template <typename Call>
  auto counted(Call&& call) {
    const std::uint64_t before = scheduler_.steps();
    const auto result = call();
    const std::uint64_t used = scheduler_.steps() - before;
    most_steps = std::max(most_steps, used);
    steps += used;
    ++calls;
    return result;
  }

  double size(std::uint32_t segment) const { return static_cast<double>(layout_.range(Segment{segment}).size()); }

  // Everything that has come until now is received, and what is whole written.
  void receive(WorkerId worker) {
    Connection& connection = at(worker);
    const double bytes = connection.speed * std::max(0.0, now_ - std::max(connection.seen_to, connection.flows));
    connection.seen_to = now_;
    if (!connection.busy) return;
    Span held = scheduler_.held(worker);
    connection.filled += bytes;
    connection.received += bytes;
    received += bytes;
    for (; !held.empty() && connection.filled > size(held.begin) - 0.5; held = scheduler_.held(worker)) {
      connection.filled -= size(held.begin);
      connection.at_end = held.begin + 1;
      write(worker, Segment{held.begin});
    }
    if (connection.filled < 0.5) connection.filled = 0;  // what rounding has left
  }

  void write(WorkerId worker, Segment segment) {
    if (scheduler_.states().is_done(segment)) FAIL("written twice: " << index(segment));
    counted([&] {
      if (!scheduler_.begin_commit(worker, segment)) FAIL("nobody else has " << index(segment));
      return scheduler_.committed(worker, segment), 0;
    });
    if (const auto loser = end_hedge(worker)) cut(*loser);
  }

  std::optional<WorkerId> end_hedge(WorkerId worker) {
    const auto partner = at(worker).partner;
    at(worker).partner.reset();
    if (partner) at(*partner).partner.reset();
    return partner;
  }

  // Another worker has the segment, or will: closes the connection, and asks for other work.
  void cut(WorkerId worker) {
    receive(worker);
    close(worker);
    ask(worker);
  }

  // Closes a connection: what it has of a segment is lost.
  void close(WorkerId worker) {
    wasted += std::exchange(at(worker).filled, 0);
    at(worker).connected = at(worker).busy = false;
    ++at(worker).plan;
  }

  void live(WorkerId worker) {
    Connection& connection = at(worker);
    receive(worker);
    const Change& change = connection.life[connection.changes++];
    if (connection.changes < connection.life.size()) {
      events_.push({connection.life[connection.changes].at, Event::Kind::life, worker, 0});
    }
    connection.speed = change.speed;
    connection.up = change.speed > 0;
    if (change.kind == Change::Kind::fails) {
      ++failures;
      close(worker);
      end_hedge(worker);
      counted([&] { return scheduler_.release(worker), 0; });
      wake();
    } else if (change.kind == Change::Kind::returns) {
      ask(worker);
    } else {
      plan(worker);
    }
  }

  std::uint64_t limit(const Connection& connection) const {
    const double missing =
        static_cast<double>(scheduler_.states().missing().count()) * static_cast<double>(layout_.segment_size());
    const double bytes = std::min(5 * connection.measured, missing / (2.0 * static_cast<double>(connections_.size())));
    return static_cast<std::uint64_t>(std::clamp(bytes, 4.0 * kMiB, 64.0 * kMiB));
  }

  void ask(WorkerId worker) {
    Connection& connection = at(worker);
    connection.idle = false;
    if (!connection.up) return;
    const double speed = connection.measured;
    const Offer offer{speed, kConnect};
    auto span = counted([&] { return grant(scheduler_, worker, limit(connection), now_, speed); });
    if (!span) {
      span = counted([&] { return scheduler_.split(worker, now_, offer); });
      if (span) ++splits;
    }
    std::optional<WorkerId> gives_way;
    if (!span) {
      const auto hedge = counted([&] { return scheduler_.hedge(worker, now_, offer); });
      if (hedge) span = hedge->span;
      if (hedge) gives_way = pair(worker, *span);
      if (hedge && gives_way != hedge->gave_way) FAIL("another one gave way");
    }
    connection.idle = !span;
    if (span) begin(worker, *span);
    if (gives_way) cut(*gives_way);
  }

  // Finds who fetches the same segment; returns who did, too, and had to give way.
  std::optional<WorkerId> pair(WorkerId worker, Span span) {
    ++hedges;
    std::uint32_t other = 0;
    while (WorkerId{other} == worker || scheduler_.held(WorkerId{other}) != span) ++other;
    const auto gives_way = end_hedge(WorkerId{other});
    at(WorkerId{other}).partner = worker;
    at(worker).partner = WorkerId{other};
    return gives_way;
  }

  void begin(WorkerId worker, Span span) {
    Connection& connection = at(worker);
    connection.flows = now_ + (std::exchange(connection.connected, true) ? kRequest : kConnect);
    connection.seen_to = now_;
    connection.asked_end = span.end;
    connection.busy = true;
    connection.measured_from = connection.flows;
    connection.received = 0;
    plan(worker);
  }

  // The next time to look at it.
  void plan(WorkerId worker) {
    Connection& connection = at(worker);
    ++connection.plan;
    const Span held = scheduler_.held(worker);
    if (held.empty() || connection.speed <= 0) return;
    const double bytes = ending_ ? size(held.begin) : static_cast<double>(layout_.range(held).size());
    const double arrives = std::max(now_, connection.flows) + (bytes - connection.filled) / connection.speed;
    events_.push({arrives, Event::Kind::plan, worker, connection.plan});
  }

  void arrive(WorkerId worker) {
    receive(worker);
    const Span held = scheduler_.held(worker);
    if (!held.empty()) return plan(worker);
    at(worker).busy = false;
    measure(worker);
    if (at(worker).at_end < at(worker).asked_end) {  // some other has taken the end of its span
      wasted += kInFlight;
      received += kInFlight;
      at(worker).connected = false;
    }
    ask(worker);
  }

  void measure(WorkerId worker) {
    Connection& connection = at(worker);
    const double seconds = now_ - connection.measured_from;
    if (seconds <= 0) return;
    connection.measured = std::exchange(connection.received, 0) / seconds;
    connection.measured_from = now_;
  }

  // Who has asked in vain asks again.
  void wake() {
    for (std::uint32_t i = 0; i < connections_.size() && scheduler_.states().missing().count() > 0; ++i) {
      if (connections_[i].idle) ask(WorkerId{i});
    }
  }

  void begin_to_end() {
    ending_ = true;
    tick();
    for (std::uint32_t i = 0; i < connections_.size(); ++i) plan(WorkerId{i});
  }

  void tick() {
    for (std::uint32_t i = 0; i < connections_.size(); ++i) {
      const WorkerId worker{i};
      receive(worker);
      if (scheduler_.held(worker).empty() || now_ < connections_[i].flows + 0.1) continue;
      measure(worker);
      const auto filled = static_cast<std::uint64_t>(connections_[i].filled);
      counted([&] { return scheduler_.measured(worker, now_, connections_[i].measured, filled), 0; });
    }
    for (std::uint32_t i = 0; i < connections_.size(); ++i) {
      if (connections_[i].idle) ask(WorkerId{i});
    }
    events_.push({now_ + 1, Event::Kind::tick, WorkerId{}, 0});
  }

  Layout layout_;
  Scheduler scheduler_;
  std::vector<Connection> connections_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  double now_ = 0;
  bool ending_ = false;  // nothing is missing, or was once
};

// These seeds, or the one of the environment.
std::vector<std::uint64_t> seeds(std::uint64_t count) {
  if (const char* seed = std::getenv("SEED")) return {std::stoull(seed)};
  std::vector<std::uint64_t> all(count);
  std::iota(all.begin(), all.end(), 1);
  return all;
}

std::string summary(const Simulation& run, const World& world) {
  return fmt::format(
      "{:.1f} s, ideal {:.1f} s, factor {:.4f}; wasted {:.4f} %; {} failures, {} splits, {} hedges; "
      "{} calls with {:.1f} steps on the average, {} at most",
      run.time, run.ideal, run.time / run.ideal, 100 * run.wasted / static_cast<double>(world.total), run.failures,
      run.splits, run.hedges, run.calls, static_cast<double>(run.steps) / static_cast<double>(run.calls),
      run.most_steps);
}

Simulation simulate(const World& world, std::uint64_t seed) {
  CAPTURE(seed);
  Simulation run(world, seed);
  run.run();
  const auto total = static_cast<double>(world.total);
  CHECK(std::abs(run.received - run.wasted - total) < 1e-9 * total);
  CHECK(run.wasted < 0.005 * total);
  CHECK(static_cast<double>(run.most_steps) < 6 * std::log2(world.connections) + 6);
  return run;
}

}  // namespace

TEST_CASE("ten terabytes over a thousand uneven and failing connections take little more than the ideal time") {
  const World world{1000, 10 * 1024 * kGiB + 12345, 800, 300, 3000};
  for (const std::uint64_t seed : seeds(2)) {
    const Simulation run = simulate(world, seed);
    MESSAGE("SEED=" << seed << ": " << summary(run, world));
    CHECK(run.time < 1.05 * run.ideal);
    CHECK(run.splits > 20);
    CHECK(run.hedges > 100);
  }
}

TEST_CASE("a few uneven and failing connections end together") {
  const World world{8, 16 * kGiB + 12345, 100, 100, 20000};
  for (const std::uint64_t seed : seeds(40)) {
    const Simulation run = simulate(world, seed);
    INFO("SEED=" << seed << ": " << summary(run, world));
    CHECK(run.time < 1.05 * run.ideal);
  }
}
