// Pictures: one line per worker, one sign per second, judged four times in each.
//   # 8 MiB/s    + 2 MiB/s    - 1/50 of 8 MiB/s    . nothing    (space) not at work    X the same as . and cut in it
#include "core/schedule/stragglers.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace segdl;

namespace {

using Picture = std::vector<std::string>;

constexpr double kMiBps = 1024.0 * 1024.0;

double speed_of(char sign) {
  switch (sign) {
    case '#':
      return 8 * kMiBps;
    case '+':
      return 2 * kMiBps;
    case '-':
      return 8 * kMiBps / 50;
    default:
      return 0;
  }
}

// The picture with an X at each cut. `scale` multiplies all speeds.
Picture judged(const Picture& picture, double scale = 1) {
  Stragglers stragglers;
  Picture result = picture;
  std::vector<double> last_byte(picture.size(), 0);
  for (std::size_t quarter = 0; quarter < 4 * picture[0].size(); ++quarter) {
    const double now = static_cast<double>(quarter + 1) / 4;
    std::vector<Pace> at_work;
    for (std::size_t i = 0; i < picture.size(); ++i) {
      const double speed = scale * speed_of(picture[i][quarter / 4]);
      const bool working = picture[i][quarter / 4] != ' ';
      if (speed > 0 || !working) last_byte[i] = now;
      if (working) at_work.push_back({WorkerId{static_cast<std::uint32_t>(i)}, speed, now - last_byte[i]});
    }
    for (const WorkerId worker : stragglers.judge(now, at_work)) {
      result[index(worker)][quarter / 4] = 'X';
      last_byte[index(worker)] = now;  // its new connection has just begun to wait
    }
  }
  return result;
}

std::vector<WorkerId> workers(std::initializer_list<std::uint32_t> numbers) {
  std::vector<WorkerId> result;
  for (const std::uint32_t number : numbers) result.push_back(WorkerId{number});
  return result;
}

}  // namespace

TEST_CASE("a worker that is silent for 2 s while the others flow is cut") {
  CHECK(judged({"########",                          //
                "##.#.##.",                          //
                "##...###",                          //
                "########"}) == Picture{"########",  //
                                        "##.#.##.",  //
                                        "##.X.###",  //
                                        "########"});
}

TEST_CASE("a worker below a tenth of the median at every judgement for 3 s is cut") {
  CHECK(judged({"##########",                            //
                "----######",                            //
                "---+---+--",                            //
                "##########"}) == Picture{"##########",  //
                                          "---X######",  //
                                          "---+---+--",  //
                                          "##########"});
}

TEST_CASE("a quarter of the others' speed is nothing to be cut for") {
  const Picture picture = {"##########", "++++++++++", "##########"};
  CHECK(judged(picture) == picture);
}

TEST_CASE("one alone is never cut") {
  const Picture picture = {"##......--------"};
  CHECK(judged(picture) == picture);
}

TEST_CASE("nobody is cut when all are as slow, or all silent") {
  const Picture picture = {"------------......", "------------......", "------------......"};
  CHECK(judged(picture) == picture);
}

TEST_CASE("silence is nothing to be cut for while the others hardly flow, but for a tenth of them") {
  const Picture picture = {"#####", "##...", "#####"};
  CHECK(judged(picture, 1.0 / 200) == picture);
  CHECK(judged({"######", "##....", "######"}, 1.0 / 200) == Picture{"######", "##...X", "######"});
}

TEST_CASE("of two, the one that is silent is cut, not the other") {
  CHECK(judged({"#####", "##..."}) == Picture{"#####", "##.X."});
}

TEST_CASE("after a cut the same worker is left alone for 2, 4, 8, ... 64 s") {
  const std::size_t length = 300;
  const auto result = judged({std::string(length, '#'), std::string(length, '.'), std::string(length, '#')})[1];
  std::vector<std::size_t> cuts;
  for (std::size_t i = 0; i < length; ++i) {
    if (result[i] == 'X') cuts.push_back(i);
  }
  std::vector<std::size_t> gaps;
  for (std::size_t i = 1; i < cuts.size(); ++i) gaps.push_back(cuts[i] - cuts[i - 1]);
  CHECK(gaps == std::vector<std::size_t>{2, 4, 8, 16, 32, 64, 64, 64});
}

TEST_CASE("another worker is cut while one is left alone") {
  CHECK(judged({"##########",                            //
                "...#######",                            //
                "###...####",                            //
                "##########"}) == Picture{"##########",  //
                                          ".X.#######",  //
                                          "###.X.####",  //
                                          "##########"});
}

TEST_CASE("slowness is not added up over a time in which the worker was not at work") {
  const Picture picture = {"##########", "-- -- -- -", "##########"};
  CHECK(judged(picture) == picture);
}

TEST_CASE("at most half are cut at once, those silent longest first, then the slowest") {
  Stragglers stragglers;
  std::vector<Pace> at_work = {{WorkerId{0}, 8e6, 0}, {WorkerId{1}, 8e6, 0}, {WorkerId{2}, 8e6, 0},
                               {WorkerId{3}, 5e3, 0}, {WorkerId{4}, 0, 2.5}, {WorkerId{5}, 0, 3.0}};
  CHECK(stragglers.judge(10, at_work) == workers({5, 4}));
  CHECK(stragglers.judge(10.1, at_work).empty());
  at_work[2] = {WorkerId{2}, 1e3, 0};
  at_work[4] = {WorkerId{4}, 8e6, 0};
  at_work[5] = {WorkerId{5}, 8e6, 0};
  for (double now = 10.2; now < 13; now += 0.2) CHECK(stragglers.judge(now, at_work).size() <= 1);
  CHECK(stragglers.judge(13.3, at_work) == workers({2, 3}));
}

TEST_CASE("whatever the paces, at least half of the workers are left alone and nobody is named twice") {
  std::uint64_t random = 3;
  const auto draw = [&random](unsigned below) {
    random = random * 6364136223846793005U + 1442695040888963407U;
    return static_cast<unsigned>(random >> 33) % below;
  };
  for (int round = 0; round < 300; ++round) {
    Stragglers stragglers;
    double now = 0;
    for (int i = 0; i < 60; ++i) {
      now += 0.25 * draw(5);
      std::vector<Pace> at_work;
      for (std::uint32_t worker = 0; worker < 12; ++worker) {
        if (draw(4) == 0) continue;
        const double speed = draw(2) == 0 ? 0 : draw(10'000'000);
        at_work.push_back({WorkerId{worker}, speed, speed > 0 ? 0 : 0.5 * draw(10)});
      }
      auto cuts = stragglers.judge(now, at_work);
      REQUIRE(2 * cuts.size() <= at_work.size());
      std::sort(cuts.begin(), cuts.end());
      REQUIRE(std::adjacent_find(cuts.begin(), cuts.end()) == cuts.end());
    }
  }
}
