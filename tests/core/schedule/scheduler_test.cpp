// Who gets what, drawn as pictures. scheduler_explore_test walks every order of events, scheduler_simulation_test a
// long download.
//   . missing   D done   i inherited, not proved   A, B, C held by that worker   * held by two
#include "core/schedule/scheduler_grant.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>

using namespace segdl;

namespace {

constexpr std::uint64_t kSegment = 16 * kKiB;
constexpr double kOne = kSegment;  // bytes/s: one segment per second
constexpr WorkerId A{0}, B{1}, C{2};

Scheduler make(const std::string& picture, std::uint64_t short_of = 0) {
  std::vector<bool> claims;
  for (const char c : picture) claims.push_back(c == 'i');
  return {Layout(kSegment * picture.size() - short_of, kSegment), claims};
}

std::string picture(const Scheduler& scheduler) {
  std::string picture;
  for (std::uint32_t i = 0; i < scheduler.states().layout().count(); ++i) {
    char c = scheduler.states().is_done(Segment{i}) ? 'D' : scheduler.states().missing().contains(i) ? '.' : 'i';
    for (std::uint32_t worker = 0; worker < 3; ++worker) {
      const Span span = scheduler.held(WorkerId{worker});
      if (span.begin <= i && i < span.end) c = c == 'i' ? static_cast<char>('A' + worker) : '*';
    }
    picture += c;
  }
  return picture;
}

// The worker has all of the segment it is at, and writes it.
void advance(Scheduler& scheduler, WorkerId worker) {
  const Segment segment{scheduler.held(worker).begin};
  REQUIRE(scheduler.begin_commit(worker, segment));
  scheduler.committed(worker, segment);
}

// All of `picture` is held by A, who has half of its first segment and that speed.
Scheduler held_by_a(const std::string& missing, double speed) {
  Scheduler scheduler = make(missing);
  REQUIRE(grant(scheduler, A, 100 * kSegment, 0, 0));
  scheduler.measured(A, 0, speed, kSegment / 2);
  return scheduler;
}

// The steps of the dearest call when so many workers end a download together: each splits, hedges, fails and commits.
std::uint64_t dearest_call(std::uint32_t workers) {
  Scheduler scheduler = make(std::string(4 * workers, '.'));
  std::uint64_t most = 0;
  const auto each = [&](std::uint32_t begin, std::uint32_t end, auto&& call) {
    for (std::uint32_t i = begin; i < end; ++i) {
      const std::uint64_t before = scheduler.steps();
      call(WorkerId{i});
      most = std::max(most, scheduler.steps() - before);
    }
  };
  each(0, workers, [&](WorkerId w) { grant(scheduler, w, 4 * kSegment, 0, 0); });
  each(0, workers, [&](WorkerId w) { scheduler.measured(w, 0, kOne / (1 + index(w) * 7919 % workers), 0); });
  each(workers, 2 * workers, [&](WorkerId w) { REQUIRE(scheduler.split(w, 0, {1000 * kOne, 0})); });
  each(workers, 2 * workers, [&](WorkerId w) { scheduler.release(w); });
  each(workers, 2 * workers, [&](WorkerId w) { grant(scheduler, w, 4 * kSegment, 0, 1000 * kOne); });
  while (!scheduler.held(WorkerId{workers}).empty()) {
    each(workers, 2 * workers, [&](WorkerId w) {
      if (!scheduler.held(w).empty()) advance(scheduler, w);
    });
  }
  each(workers, workers + workers / 2, [&](WorkerId w) { REQUIRE(scheduler.hedge(w, 0, {1000 * kOne, 0})); });
  each(workers, workers + workers / 2, [&](WorkerId w) { advance(scheduler, w); });
  return most;
}

}  // namespace

TEST_CASE("spans are handed out in file order, around what is there") {
  Scheduler scheduler = make("..ii...");
  CHECK(grant(scheduler, A, 10 * kSegment, 0, 0) == Span{0, 2});
  CHECK(grant(scheduler, B, 2 * kSegment, 0, 0) == Span{4, 6});
  CHECK(grant(scheduler, C, 2 * kSegment, 0, 0) == Span{6, 7});
  CHECK_FALSE(grant(scheduler, WorkerId{3}, kSegment, 0, 0));
  CHECK(picture(scheduler) == "AAiiBBC");
}

TEST_CASE("a span is at least one segment") { CHECK(grant(make("..."), A, 1, 0, 0) == Span{0, 1}); }

TEST_CASE("what is missing from a named segment on is granted") {
  Scheduler scheduler = make("....i");
  CHECK(scheduler.grant(Segment{1}, A, {2 * kSegment}) == Span{1, 3});
  CHECK_FALSE(scheduler.grant(Segment{1}, B, {kSegment}));
  CHECK_FALSE(scheduler.grant(Segment{4}, B, {kSegment}));
  CHECK(picture(scheduler) == ".AA.i");
  CHECK(scheduler.grant(Segment{3}, B, {9 * kSegment}) == Span{3, 4});
  CHECK(grant(scheduler, C, 9 * kSegment, 0, 0) == Span{0, 1});
}

TEST_CASE("the first segment of a span is taken from a holder that does not write it") {
  Scheduler scheduler = make("....");
  REQUIRE(grant(scheduler, A, 3 * kSegment, 0, 0));
  CHECK(scheduler.take_first(A, B, 0, 0));
  CHECK(picture(scheduler) == "BAA.");
  REQUIRE(scheduler.begin_commit(A, Segment{1}));
  CHECK_FALSE(scheduler.take_first(A, C, 0, 0));
  scheduler.committed(A, Segment{1});
  CHECK(scheduler.take_first(A, C, 0, 0));
  CHECK(picture(scheduler) == "BDC.");
  CHECK(scheduler.held(A).empty());
}

TEST_CASE("what a failed worker held and revoked work is the next to be handed out") {
  Scheduler scheduler = make("i....");
  REQUIRE(grant(scheduler, A, 2 * kSegment, 0, 0));
  REQUIRE(grant(scheduler, B, kSegment, 0, 0));
  advance(scheduler, A);
  CHECK(picture(scheduler) == "iDAB.");
  scheduler.release(A);
  CHECK(picture(scheduler) == "iD.B.");
  scheduler.revoked(Segment{0});
  scheduler.revoked(Segment{1});
  CHECK(grant(scheduler, A, 9 * kSegment, 0, 0) == Span{0, 3});
}

TEST_CASE("who has been released may begin again, and a release of nothing is nothing") {
  Scheduler scheduler = make("..");
  scheduler.release(A);
  REQUIRE(grant(scheduler, A, kSegment, 0, 0));
  scheduler.release(A);
  CHECK(scheduler.held(A).empty());
  CHECK(grant(scheduler, A, 2 * kSegment, 0, 0) == Span{0, 2});
}

TEST_CASE("nothing is finished before its proof") {
  Scheduler scheduler = make("i.");
  REQUIRE(grant(scheduler, A, kSegment, 0, 0));
  advance(scheduler, A);
  CHECK_FALSE(scheduler.states().finished());
  CHECK(scheduler.next_to_prove() == Segment{0});
  CHECK_FALSE(scheduler.next_to_prove());
  scheduler.proved(Segment{0});
  CHECK(scheduler.states().finished());
}

TEST_CASE("a split lets both be done at the same time") {
  // A: 1 segment/s, 0.5 done, 8.5 s left.   B: 2 segments/s.
  // A [0,3) until 2.5 s, B [3,9) until 3 s: as near as whole segments allow; [4,9) would be 3.5 and 2.5 s.
  Scheduler scheduler = held_by_a(".........", kOne);
  CHECK(scheduler.split(B, 0, {2 * kOne, 0}) == Span{3, 9});
  CHECK(picture(scheduler) == "AAABBBBBB");
}

TEST_CASE("who takes over a part pays for a new request first") {
  // As above, but B begins after 1.5 s: A until 3.5 s, B [4,9) until 4 s.
  Scheduler scheduler = held_by_a(".........", kOne);
  CHECK(scheduler.split(B, 0, {2 * kOne, 1.5}) == Span{4, 9});
  // C is as fast as B and takes three of its five: B until 2.5 s, C until 2 s.
  CHECK(scheduler.split(C, 0, {2 * kOne, 0.5}) == Span{6, 9});
}

TEST_CASE("the one with most time left is split, not the one with most bytes") {
  Scheduler scheduler = make(".........");
  REQUIRE(grant(scheduler, A, 6 * kSegment, 0, 8 * kOne));  // 6 segments, 0.75 s
  REQUIRE(grant(scheduler, B, 3 * kSegment, 0, kOne));      // 3 segments, 3 s
  CHECK(scheduler.split(C, 0, {kOne, 0}) == Span{8, 9});
  CHECK(picture(scheduler) == "AAAAAABBC");
}

TEST_CASE("time that has passed counts as work done, but not for more than the segment a worker is at") {
  // After 3 s of 9 A should have 6 left, but has reported no commit: 8 is the least.   B: the same speed, takes 4.
  Scheduler scheduler = make(".........");
  REQUIRE(grant(scheduler, A, 9 * kSegment, 0, kOne));
  CHECK(scheduler.split(B, 3, {kOne, 0}) == Span{5, 9});
  Scheduler other = make(".........");
  REQUIRE(grant(other, A, 9 * kSegment, 0, kOne));
  for (int i = 0; i < 3; ++i) advance(other, A);
  CHECK(other.split(B, 3, {kOne, 0}) == Span{6, 9});
}

TEST_CASE("the segment a worker is at is never taken by a split") {
  Scheduler scheduler = held_by_a("..", kOne / 1000);
  CHECK(scheduler.split(B, 0, {1000 * kOne, 0}) == Span{1, 2});
  CHECK_FALSE(scheduler.split(C, 0, {1000 * kOne, 0}));
}

TEST_CASE("nothing is split if that gains no more than a new request costs") {
  // A has 2.5 s left. If B took two segments, A would be done after 0.5 s and B after 0.2 s and a new request's: after
  // 1.4 s if that is 1.2 s, so only 1.1 s earlier; after 1.3 s if that is 1.1 s.
  CHECK_FALSE(held_by_a("...", kOne).split(B, 0, {10 * kOne, 1.2}));
  CHECK(held_by_a("...", kOne).split(B, 0, {10 * kOne, 1.1}) == Span{1, 3});
}

TEST_CASE("of one who stands still all is taken but the segment it is at") {
  CHECK(held_by_a(".....", 0).split(B, 0, {kOne, 100}) == Span{1, 5});
}

TEST_CASE("without a measured speed all are taken to be equally fast") {
  Scheduler scheduler = make("........");
  REQUIRE(grant(scheduler, A, 3 * kSegment, 0, 0));
  REQUIRE(grant(scheduler, B, 5 * kSegment, 0, 0));
  CHECK(scheduler.split(C, 9, {0, 1}) == Span{6, 8});
}

TEST_CASE("who was not measured is taken to be as fast as the others on the average") {
  // A: 3 segments/s, 1 s left.   B: not measured, so 3 segments/s, 5/3 s left; C the same and takes two of its five.
  Scheduler scheduler = make("........");
  REQUIRE(grant(scheduler, A, 3 * kSegment, 0, 3 * kOne));
  REQUIRE(grant(scheduler, B, 5 * kSegment, 0, 0));
  CHECK(scheduler.split(C, 0, {0, 0}) == Span{6, 8});
}

TEST_CASE("the short segment at the end counts as what it is") {
  // A is at 0 with 1 segment/s: 3.5 s left. B as fast: [0,2) and [2,3.5) are 2 s and 1.5 s.
  Scheduler scheduler = make("....", kSegment / 2);
  REQUIRE(grant(scheduler, A, 9 * kSegment, 0, kOne));
  CHECK(scheduler.split(B, 0, {kOne, 0}) == Span{2, 4});
}

TEST_CASE("the last segment is fetched once more if another would be clearly earlier") {
  // A has half a segment at 1/10 segment/s: 5 s left. B needs 0.5 s + 1 s.
  Scheduler scheduler = held_by_a(".", kOne / 10);
  CHECK(scheduler.hedge(B, 0, {kOne, 0.5}).value().span == Span{0, 1});
  CHECK(picture(scheduler) == "*");
  CHECK(scheduler.states().held() == 1);
}

TEST_CASE("nothing is fetched once more for a small gain") {
  // A has 5 s left; half of that is not enough.
  CHECK_FALSE(held_by_a(".", kOne / 10).hedge(B, 0, {kOne, 1.5}));
  CHECK_FALSE(held_by_a(".", kOne / 10).hedge(B, 2.1, {kOne, 0.5}));
}

TEST_CASE("the one furthest from done is hedged first") {
  Scheduler scheduler = make("..");
  REQUIRE(grant(scheduler, A, kSegment, 0, kOne / 8));
  REQUIRE(grant(scheduler, B, kSegment, 0, 0));
  scheduler.measured(B, 1, 0, kSegment / 2);
  CHECK(scheduler.hedge(C, 1, {kOne, 0}).value().span == Span{1, 2});
}

TEST_CASE("of two who are both late the one behind gives way to a third") {
  // A has 5 s left, B 4 s; C needs 1 s, and A is let go.
  Scheduler scheduler = held_by_a(".", kOne / 10);
  REQUIRE(scheduler.hedge(B, 0, {kOne, 0}));
  CHECK_FALSE(scheduler.hedge(C, 0, {kOne, 0}));
  scheduler.measured(B, 0, kOne / 4, 0);
  CHECK(scheduler.hedge(C, 0, {kOne, 0}).value().span == Span{0, 1});
  CHECK(scheduler.held(A).empty());
  CHECK(scheduler.held(B) == Span{0, 1});
  CHECK(scheduler.held(C) == Span{0, 1});
}

TEST_CASE("two who stand still both do not hold up the end") {
  Scheduler scheduler = held_by_a(".", 0);
  REQUIRE(scheduler.hedge(B, 0, {kOne, 0}));
  scheduler.measured(B, 1, 0, 0);
  REQUIRE(scheduler.hedge(C, 1, {kOne, 0}));
  advance(scheduler, C);
  CHECK(scheduler.states().finished());
}

TEST_CASE("of two who fetch one segment only one may write it") {
  Scheduler scheduler = held_by_a(".", 0);
  REQUIRE(scheduler.hedge(B, 0, {kOne, 0}));
  CHECK(scheduler.begin_commit(B, Segment{0}));
  CHECK_FALSE(scheduler.begin_commit(A, Segment{0}));
  CHECK(scheduler.held(A).empty());
  scheduler.committed(B, Segment{0});
  CHECK(scheduler.states().finished());
}

TEST_CASE("who is too late to write a segment does not hold it any more") {
  Scheduler scheduler = held_by_a(".", 0);
  REQUIRE(scheduler.hedge(B, 0, {kOne, 0}));
  advance(scheduler, A);
  CHECK(scheduler.held(B).empty());
  CHECK_FALSE(scheduler.begin_commit(B, Segment{0}));
  CHECK(scheduler.states().finished());
}

TEST_CASE("when one of two fails the other goes on alone, and may be hedged again") {
  for (const auto& [failed, other] : {std::pair(A, B), std::pair(B, A)}) {
    Scheduler scheduler = held_by_a(".", 0);
    REQUIRE(scheduler.hedge(B, 0, {kOne, 0}));
    scheduler.release(failed);
    CHECK(scheduler.states().missing().count() == 0);
    CHECK(scheduler.held(other) == Span{0, 1});
    scheduler.measured(other, 1, 0, 0);
    CHECK(scheduler.hedge(C, 1, {kOne, 0}).value().span == Span{0, 1});
  }
}

TEST_CASE("who fails while it writes loses the segment to the other, or to everybody") {
  Scheduler scheduler = held_by_a(".", 0);
  REQUIRE(scheduler.hedge(B, 0, {kOne, 0}));
  REQUIRE(scheduler.begin_commit(B, Segment{0}));
  scheduler.release(B);
  CHECK(picture(scheduler) == "A");
  REQUIRE(scheduler.begin_commit(A, Segment{0}));
  scheduler.release(A);
  CHECK(picture(scheduler) == ".");
}

TEST_CASE("a segment that is being written is not fetched once more") {
  Scheduler scheduler = held_by_a(".", 0);
  REQUIRE(scheduler.begin_commit(A, Segment{0}));
  CHECK_FALSE(scheduler.hedge(B, 0, {kOne, 0}));
}

TEST_CASE("a decision costs a few steps more among eight times as many workers") {
  const std::uint64_t few = dearest_call(1 << 8), many = dearest_call(1 << 11);
  CAPTURE(few);
  CAPTURE(many);
  CHECK(few < 8 * 8);
  CHECK(many <= few + 8 * 3);
}
