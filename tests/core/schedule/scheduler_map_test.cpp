// The picture of a download, against one drawn segment by segment, and what it costs.
//   . missing   x missing and revoked   i inherited, not proved   A, B, a, b held, in small letters revoked   D done
#include "core/schedule/scheduler_grant.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace segdl;

namespace {

constexpr std::uint64_t kSegment = 16 * kKiB;
constexpr WorkerId A{0}, B{1};

Scheduler make(const std::string& picture) {
  std::vector<bool> claims;
  for (const char c : picture) claims.push_back(c == 'i');
  return {Layout(kSegment * picture.size(), kSegment), claims};
}

// A picture with a character for each segment, and for the cells between bars: "DA|..".
std::string drawn(const SegmentMap& map) {
  std::string text;
  for (const MapCell& cell : map) {
    CHECK(cell.segments == cell.missing + cell.in_flight + cell.unproved + cell.done);
    if (!text.empty()) text += '|';
    const std::uint32_t held_revoked = std::min(cell.revoked, cell.in_flight), lost = cell.revoked - held_revoked;
    text += std::string(cell.done, 'D') + std::string(cell.unproved, 'i');
    text += std::string(cell.in_flight - held_revoked, static_cast<char>('A' + cell.connection));
    text += std::string(held_revoked, static_cast<char>('a' + cell.connection));
    text += std::string(lost, 'x') + std::string(cell.missing - lost, '.');
  }
  return text;
}

void advance(Scheduler& scheduler, WorkerId worker) {
  const Segment segment{scheduler.held(worker).begin};
  REQUIRE(scheduler.begin_commit(worker, segment));
  scheduler.committed(worker, segment);
}

// Every other segment is missing.
Scheduler riddled(std::uint32_t segments) {
  std::string picture(segments, '.');
  for (std::uint32_t i = 0; i < segments; i += 2) picture[i] = 'i';
  return make(picture);
}

}  // namespace

TEST_CASE("the map counts what is missing, held by whom, to be proved, and done") {
  Scheduler scheduler = make("ii......");
  grant(scheduler, A, 3 * kSegment, 0, 0);
  grant(scheduler, B, kSegment, 0, 0);
  advance(scheduler, A);
  CHECK(drawn(scheduler.map(8)) == "i|i|D|A|A|B|.|.");
  CHECK(drawn(scheduler.map(4)) == "ii|DA|BB|..");  // of two, one that has half
  CHECK(drawn(scheduler.map(3)) == "ii|DAA|B..");
  CHECK(drawn(scheduler.map(1)) == "DiiAAA..");
  CHECK(scheduler.map(100) == scheduler.map(8));
  CHECK(scheduler.map(0).empty());
  CHECK(Scheduler(Layout(), {}).map(10).empty());
}

TEST_CASE("a revoked segment is shown until it is done") {
  Scheduler scheduler = make("ii.");
  scheduler.proved(Segment{0});
  scheduler.revoked(Segment{1});
  scheduler.revoked(Segment{0});
  CHECK(drawn(scheduler.map(3)) == "x|x|.");
  grant(scheduler, A, 2 * kSegment, 0, 0);
  CHECK(drawn(scheduler.map(3)) == "a|a|.");
  advance(scheduler, A);
  CHECK(drawn(scheduler.map(3)) == "D|a|.");
  scheduler.release(A);
  CHECK(drawn(scheduler.map(3)) == "D|x|.");
}

TEST_CASE("a segment that two fetch counts once") {
  Scheduler scheduler = make(".");
  grant(scheduler, A, kSegment, 0, 0);
  scheduler.measured(A, 0, 1, 0);
  REQUIRE(scheduler.hedge(B, 1, {1e9, 0}));
  CHECK(drawn(scheduler.map(1)) == "A");
}

TEST_CASE("every segment is in one cell, however they are cut") {
  for (std::uint32_t segments = 1; segments < 30; ++segments) {
    Scheduler scheduler = make(std::string(segments, '.'));
    grant(scheduler, A, segments * kSegment, 0, 0);
    for (std::size_t cells = 1; cells < 40; ++cells) {
      const SegmentMap map = scheduler.map(cells);
      CHECK(map.size() == std::min<std::size_t>(cells, segments));
      std::uint32_t held = 0;
      for (const MapCell& cell : map) {
        CHECK(cell.in_flight == cell.segments);
        held += cell.in_flight;
      }
      CHECK(held == segments);
    }
  }
}

TEST_CASE("a map of very many runs is estimated, and costs what one of a few does") {
  const auto steps = [](const Scheduler& scheduler) {
    const std::uint64_t before = scheduler.steps();
    for (const MapCell& cell : scheduler.map(100))
      CHECK(cell.missing == doctest::Approx(cell.segments / 2.0).epsilon(0.02));
    return scheduler.steps() - before;
  };
  const std::uint64_t few = steps(riddled(2'000)), many = steps(riddled(200'000));
  CHECK(many <= few + 3 * 100 * 10);
}
