// Who gets what: drawn as pictures, then every order of events against an oracle that is obviously right.
//   . missing   g granted   D done   i inherited, not proved
#include "core/scheduler.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

using namespace segdl;

namespace {

constexpr std::uint64_t kSegment = 16 * kKiB;

Scheduler make(const std::string& picture) {
  std::vector<bool> claims;
  for (const char c : picture) claims.push_back(c == 'i');
  return {Layout(kSegment * picture.size() - 5, kSegment), claims};
}

// What the scheduler must do, kept as a string and searched from the front every time.
struct Oracle {
  std::string state;

  std::optional<Span> grant(std::uint32_t most) {
    const auto first = state.find('.');
    if (first == std::string::npos) return std::nullopt;
    Span span{static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(first)};
    while (span.end < state.size() && state[span.end] == '.' && span.end - span.begin < most) state[span.end++] = 'g';
    return span;
  }
};

void check_same(const Scheduler& scheduler, const Oracle& oracle) {
  const auto count = [&oracle](char c) {
    return static_cast<std::uint32_t>(std::count(oracle.state.begin(), oracle.state.end(), c));
  };
  CHECK(scheduler.missing() == count('.'));
  CHECK(scheduler.unproved() == count('i'));
  CHECK(scheduler.finished() == (count('D') == oracle.state.size()));
  for (std::uint32_t i = 0; i < oracle.state.size(); ++i) {
    CHECK(scheduler.is_missing(Segment{i}) == (oracle.state[i] == '.'));
    CHECK(scheduler.is_done(Segment{i}) == (oracle.state[i] == 'D'));
  }
}

// Every event that is allowed now, applied to copies, depth first; states seen before with as much depth left are not
// walked again.
struct Explorer {
  std::set<std::string> seen;
  std::size_t steps = 0;

  void walk(const Scheduler& scheduler, const Oracle& oracle, unsigned depth) {
    check_same(scheduler, oracle);
    ++steps;
    if (depth == 0 || !seen.insert(oracle.state + std::to_string(depth)).second) return;
    for (const std::uint32_t most : {1U, 3U}) {
      Scheduler next = scheduler;
      Oracle expected = oracle;
      CHECK(next.grant(most * kSegment) == expected.grant(most));
      walk(next, expected, depth - 1);
    }
    for (std::uint32_t i = 0; i < oracle.state.size(); ++i) walk_segment(scheduler, oracle, i, depth);
  }

  void walk_segment(const Scheduler& scheduler, const Oracle& oracle, std::uint32_t i, unsigned depth) {
    const auto with = [&](char state, auto&& event) {
      Scheduler next = scheduler;
      Oracle expected = oracle;
      expected.state[i] = state;
      event(next);
      walk(next, expected, depth - 1);
    };
    const Segment segment{i};
    switch (oracle.state[i]) {
      case '.':
        with('g', [&](Scheduler& s) { CHECK(s.grant(segment)); });
        break;
      case 'g':
        with('D', [&](Scheduler& s) { s.committed(segment); });
        with('.', [&](Scheduler& s) { s.release({i, i + 1}); });
        break;
      case 'i':
        with('D', [&](Scheduler& s) { s.proved(segment); });
        with('.', [&](Scheduler& s) { s.revoked(segment); });
        break;
      default:
        with('.', [&](Scheduler& s) { s.revoked(segment); });
    }
  }
};

}  // namespace

TEST_CASE("spans are handed out in file order, around what is there") {
  Scheduler scheduler = make("..ii...");
  CHECK(scheduler.grant(10 * kSegment) == Span{0, 2});
  CHECK(scheduler.grant(2 * kSegment) == Span{4, 6});
  CHECK(scheduler.grant(2 * kSegment) == Span{6, 7});
  CHECK_FALSE(scheduler.grant(kSegment));
}

TEST_CASE("a span is at least one segment") { CHECK(make("...").grant(1) == Span{0, 1}); }

TEST_CASE("released and revoked work is the next to be handed out") {
  Scheduler scheduler = make("i....");
  CHECK(scheduler.grant(2 * kSegment) == Span{1, 3});
  scheduler.committed(Segment{1});
  scheduler.release({1, 3});
  CHECK(scheduler.grant(9 * kSegment) == Span{2, 5});
  scheduler.revoked(Segment{0});
  CHECK(scheduler.grant(9 * kSegment) == Span{0, 1});
}

TEST_CASE("nothing is finished before its proof") {
  Scheduler scheduler = make("i.");
  REQUIRE(scheduler.grant(kSegment));
  scheduler.committed(Segment{1});
  CHECK_FALSE(scheduler.finished());
  CHECK(scheduler.next_to_prove() == Segment{0});
  CHECK_FALSE(scheduler.next_to_prove());
  scheduler.proved(Segment{0});
  CHECK(scheduler.finished());
}

TEST_CASE("every order of events agrees with the oracle") {
  for (const std::string picture : {".....", "iiiii", "i.i.i", ".iii."}) {
    CAPTURE(picture);
    Explorer explorer;
    explorer.walk(make(picture), {picture}, 6);
    CHECK(explorer.steps > 2000);
  }
}
