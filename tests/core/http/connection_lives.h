// What happens to the connections of a simulated download, whatever is done with them: drawn from a seed.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace segdl::test {

struct World {
  std::uint32_t connections;
  std::uint64_t total;  // bytes
  double eventful;      // seconds in which changes and stalls happen: about as long as it takes
  double mean_life;     // seconds until a failure
  double horizon;       // seconds after which nothing is drawn any more: many times as long as it takes
};
struct Change {
  enum class Kind { fails, returns, shifts, stalls };
  double at = 0;
  Kind kind = Kind::returns;
  double speed = 0;  // bytes/s from then on
};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  double between(double low, double high) {
    return low + (high - low) * static_cast<double>(random_() >> 11) * 0x1p-53;
  }
  double speed() { return 1e5 * std::pow(1000, between(0, 1)); }  // 100 KB/s to 100 MB/s
  bool one_in(double times) { return between(0, times) < 1; }
  double life(double mean) { return -mean * std::log(1 - between(0, 1)); }

 private:
  std::mt19937_64 random_;
};

inline std::vector<Change> draw_life(const World& world, Dice& dice) {
  const double first = dice.speed(), later = dice.speed();
  const double shifts = dice.one_in(5) ? dice.between(0, world.eventful) : world.horizon;
  const double stalls = dice.one_in(30) ? dice.between(0, world.eventful) : world.horizon;
  std::vector<Change> life;
  for (double at = 0; at < std::min(stalls, world.horizon);) {
    const double fails = std::min(at + dice.life(world.mean_life), stalls);
    life.push_back({at, Change::Kind::returns, at < shifts ? first : later});
    if (at < shifts && shifts < fails) life.push_back({shifts, Change::Kind::shifts, later});
    life.push_back({fails, fails < stalls ? Change::Kind::fails : Change::Kind::stalls, 0});
    at = fails + dice.between(1, 10);
  }
  return life;
}

// When all lives together could have delivered that much.
inline double ideal_time(const std::vector<std::vector<Change>>& lives, double bytes) {
  std::vector<std::pair<double, double>> differences;  // at, of the speed of all
  for (const auto& life : lives) {
    double speed = 0;
    for (const Change& change : life) {
      differences.emplace_back(change.at, change.speed - speed);
      speed = change.speed;
    }
  }
  std::sort(differences.begin(), differences.end());
  double now = 0, speed = 0;
  for (const auto& [at, difference] : differences) {
    if ((at - now) * speed >= bytes) break;
    bytes -= (at - now) * speed;
    now = at;
    speed += difference;
  }
  return now + bytes / speed;
}

}  // namespace segdl::test
