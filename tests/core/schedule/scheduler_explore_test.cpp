// Every order of events on five segments and three workers, against an oracle that is obviously right.
#include "core/schedule/scheduler_oracle.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

using namespace segdl;
using namespace segdl::test;

namespace {

// What differs; empty if nothing does. This is also S1 to S4, as the oracle keeps them.
std::string difference(const Scheduler& scheduler, const Oracle& oracle) {
  const auto count = [&oracle](char c) {
    return static_cast<std::uint32_t>(std::count(oracle.state.begin(), oracle.state.end(), c));
  };
  if (scheduler.states().missing().count() != count('.')) return "missing";
  if (scheduler.states().held() != count('h')) return "held";
  if (scheduler.states().unproved().count() != count('i')) return "unproved";
  if (scheduler.states().finished() != (count('D') == kSegments)) return "finished";
  for (std::uint32_t i = 0; i < kSegments; ++i) {
    if (scheduler.states().missing().contains(i) != (oracle.state[i] == '.')) return "is_missing " + std::to_string(i);
    if (scheduler.states().is_done(Segment{i}) != (oracle.state[i] == 'D')) return "is_done " + std::to_string(i);
  }
  for (std::uint32_t w = 0; w < kWorkers; ++w) {
    const Span span = scheduler.held(WorkerId{w});
    const Row& row = oracle.rows[w];
    if (span.empty() != row.idle()) return "held by " + std::to_string(w);
    if (!span.empty() && span != Span{row.first(), row.first() + row.size()}) return "held by " + std::to_string(w);
  }
  return {};
}

class Explorer {
 public:
  std::map<std::string, std::size_t> happened;
  std::size_t states() const { return seen_.size(); }

  // Depth first over copies. A state seen before with as much depth left is not walked again.
  void walk(const Scheduler& scheduler, const Oracle& oracle, unsigned depth) {
    if (const std::string wrong = difference(scheduler, oracle); !wrong.empty()) fail(wrong, oracle);
    unsigned& walked = seen_[oracle.text()];
    if (walked > depth) return;
    walked = depth + 1;
    if (depth == 0) return;
    bool idle = false;  // all who hold nothing are alike: the first of them is walked
    for (std::uint32_t w = 0; w < kWorkers; ++w) {
      if (!oracle.rows[w].idle()) {
        walk_holder(scheduler, oracle, w, depth);
      } else if (!std::exchange(idle, true)) {
        walk_idle(scheduler, oracle, w, depth);
      }
    }
    for (std::uint32_t i = 0; i < kSegments; ++i) walk_segment(scheduler, oracle, i, depth);
    step("next to prove", scheduler, oracle, depth, [&](Scheduler& s, Oracle& o) {
      while (o.proving < kSegments && o.state[o.proving] != 'i') ++o.proving;
      const auto next = s.next_to_prove();
      if (next.has_value() != (o.proving < kSegments)) fail("to prove", o);
      if (next && index(*next) != o.proving++) fail("to prove", o);
    });
  }

 private:
  template <typename Event>
  void step(const std::string& name, const Scheduler& scheduler, const Oracle& oracle, unsigned depth, Event&& event) {
    Scheduler next = scheduler;
    Oracle expected = oracle;
    trace_.push_back(oracle.text() + "  " + name);
    ++happened[name];
    event(next, expected);
    walk(next, expected, depth - 1);
    trace_.pop_back();
  }

  void walk_idle(const Scheduler& scheduler, const Oracle& oracle, std::uint32_t w, unsigned depth) {
    for (std::uint32_t holder = 0; holder < kWorkers; ++holder) {
      if (oracle.rows[holder].idle()) continue;
      step("take first", scheduler, oracle, depth, [&](Scheduler& s, Oracle& o) {
        const bool may = o.take_first(holder, w);
        if (!may) ++happened["not to be taken"];
        if (s.take_first(WorkerId{holder}, WorkerId{w}, 0, 0) != may) fail("the right to take", o);
      });
    }
    if (!oracle.has_missing()) {
      step("split or hedge", scheduler, oracle, depth, [&](auto& s, auto& o) { take_over(s, o, w); });
      return;
    }
    for (const std::uint32_t most : {1U, 3U}) {
      step("grant", scheduler, oracle, depth, [&](Scheduler& s, Oracle& o) {
        const Span span = o.first_missing(most);
        if (grant(s, WorkerId{w}, most * kSegment, 0, 0) != span) fail("another span", o);
        o.give(w, span);
      });
    }
    const auto last = static_cast<std::uint32_t>(oracle.state.rfind('.'));
    const std::uint32_t before = last > 0 && oracle.state[last - 1] == '.' ? last - 1 : last;
    step("grant from the end", scheduler, oracle, depth, [&](Scheduler& s, Oracle& o) {
      const Span span = o.missing_from(before, 3);
      if (s.grant(Segment{before}, WorkerId{w}, {3 * kSegment}) != span) fail("another span", o);
      o.give(w, span);
    });
  }

  void walk_holder(const Scheduler& scheduler, const Oracle& oracle, std::uint32_t w, unsigned depth) {
    const std::uint32_t first = oracle.rows[w].first();
    if (oracle.rows[w].held[first] == 'w') {
      step("committed", scheduler, oracle, depth, [&](Scheduler& s, Oracle& o) {
        s.committed(WorkerId{w}, Segment{first});
        o.committed(w);
      });
    } else {
      step("begin commit", scheduler, oracle, depth, [&](Scheduler& s, Oracle& o) {
        const bool may = o.begin_commit(w);
        if (!may) ++happened["too late"];
        if (s.begin_commit(WorkerId{w}, Segment{first}) != may) fail("the right to write", o);
      });
    }
    step("release", scheduler, oracle, depth, [&](Scheduler& s, Oracle& o) {
      s.release(WorkerId{w});
      o.release(w);
    });
    walk_measured(scheduler, oracle, w, depth, {0, 0.5});
    walk_measured(scheduler, oracle, w, depth, {0.25, 0});
    walk_measured(scheduler, oracle, w, depth, {4, 0.5});
  }

  struct Measure {
    double speed, filled;  // segments/s, segments
  };

  void walk_measured(const Scheduler& scheduler, const Oracle& oracle, std::uint32_t w, unsigned depth, Measure told) {
    step("measured", scheduler, oracle, depth, [&](Scheduler& s, Oracle& o) {
      s.measured(WorkerId{w}, 0, told.speed * kOne, static_cast<std::uint64_t>(told.filled * kOne));
      o.rows[w].speed = told.speed;
      o.rows[w].filled = told.filled;
    });
  }

  void walk_segment(const Scheduler& scheduler, const Oracle& oracle, std::uint32_t i, unsigned depth) {
    if (oracle.state[i] == 'i') {
      step("proved", scheduler, oracle, depth, [&](Scheduler& s, Oracle& o) {
        s.proved(Segment{i});
        o.state[i] = 'D';
      });
    }
    if (oracle.state[i] == 'i' || oracle.state[i] == 'D') {
      step("revoked", scheduler, oracle, depth, [&](Scheduler& s, Oracle& o) {
        s.revoked(Segment{i});
        o.state[i] = '.';
      });
    }
  }

  void take_over(Scheduler& scheduler, Oracle& oracle, std::uint32_t w) {
    std::string wrong;
    if (const auto span = scheduler.split(WorkerId{w}, 0, kOffer)) {
      ++happened["split"];
      wrong = oracle.split(w, *span);
    } else if (oracle.must_split()) {
      wrong = "no split";
    } else if (const auto once_more = scheduler.hedge(WorkerId{w}, 0, kOffer)) {
      ++happened["hedge"];
      std::uint32_t kept = 0;
      while (kept == w || scheduler.held(WorkerId{kept}) != once_more->span) ++kept;
      if (oracle.holders(once_more->span.begin) > 1) ++happened["gives way"];
      wrong = oracle.hedge(w, once_more->span, kept);
    } else if (oracle.latest_to_hedge() != nullptr) {
      wrong = "no hedge";
    }
    if (!wrong.empty()) fail(wrong, oracle);
  }

  void fail(const std::string& wrong, const Oracle& oracle) const {
    std::string story;
    for (const std::string& event : trace_) story += event + '\n';
    story += oracle.text();
    FAIL(wrong << ", after\n" << story);
  }

  std::unordered_map<std::string, unsigned> seen_;  // the depth it was walked to, and 1
  std::vector<std::string> trace_;
};

// Walks from this picture. What is D in it was claimed and is proved; A, B and C, in this order and before anything
// missing, is held by that worker; the segment of an A that is hedged by B is a *.
void explore(Explorer& explorer, const std::string& picture, unsigned depth) {
  std::vector<bool> claims;
  for (const char c : picture) claims.push_back(c == 'D' || c == 'i');
  Scheduler scheduler(Layout(kSegments * kSegment, kSegment), claims);
  Oracle oracle;
  oracle.state = picture;
  for (std::uint32_t i = 0; i < kSegments; ++i) {
    if (picture[i] == 'D') scheduler.proved(Segment{i});
  }
  for (std::uint32_t w = 0; w < kWorkers; ++w) {
    const char letter = picture.find('*') < kSegments && w == 0 ? '*' : static_cast<char>('A' + w);
    const auto segments = static_cast<std::uint64_t>(std::count(picture.begin(), picture.end(), letter));
    if (segments > 0) oracle.give(w, grant(scheduler, WorkerId{w}, segments * kSegment, 0, 0).value());
  }
  if (picture.find('*') < kSegments) {
    scheduler.measured(WorkerId{0}, 0, 0, 0);
    oracle.rows[0].speed = 0;
    REQUIRE(oracle.hedge(1, scheduler.hedge(WorkerId{1}, 0, kOffer).value().span, 0).empty());
  }
  explorer.walk(scheduler, oracle, depth);
}

}  // namespace

TEST_CASE("every order of events agrees with the oracle") {
  Explorer explorer;
  for (const std::string picture : {".....", "iiiii", "i.i.i"}) explore(explorer, picture, 5);
  for (const std::string picture : {"AAAAA", "ABBCC", "DADDB", "iAA..", "DDDD*"}) explore(explorer, picture, 6);
  MESSAGE(explorer.states() << " states");
  CHECK(explorer.states() > 50000);
  for (const std::string event : {"split", "hedge", "gives way", "too late", "take first", "not to be taken"}) {
    CAPTURE(event);
    CHECK(explorer.happened[event] > 50);
  }
}
