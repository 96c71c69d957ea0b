// Calls in random order, at times and speeds as no sane machine gives them: long gaps, speeds of nothing, of next to
// nothing, of more than any, and of no number at all. Whatever comes, each segment is missing, held by one or two, or
// written once; and a caller that breaks the rules is stopped, in every build. SEED=n in the environment replays one.
#include "core/schedule/scheduler_grant.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace segdl;

namespace {

constexpr std::uint64_t kSize = 16 * kKiB;
constexpr unsigned kRuns = 4000, kSteps = 300;

struct Happened {
  unsigned splits = 0, hedges = 0, too_late = 0, finished = 0;
};

class Run {
 public:
  Run(std::uint64_t seed, Happened& happened)
      : random_(seed),
        happened_(happened),
        layout_(up_to(24) * kSize - below(kSize), kSize),
        scheduler_(layout_, std::vector<bool>(layout_.count())),
        writing_(1 + up_to(5)),
        written_(layout_.count()) {}

  // What is wrong; empty if nothing is.
  std::string walk() {
    for (unsigned step = 0; step < kSteps && !scheduler_.states().finished(); ++step) {
      now_ += below(3) > 0 ? 0.1 * static_cast<double>(below(3)) : static_cast<double>(below(100)) / 7;
      act(static_cast<std::uint32_t>(below(writing_.size())));
      if (std::string wrong = check(); !wrong.empty()) return wrong;
    }
    if (scheduler_.states().finished()) ++happened_.finished;
    return {};
  }

 private:
  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  std::uint64_t up_to(std::uint64_t last) { return 1 + below(last); }

  double speed() {
    using Limits = std::numeric_limits<double>;
    const double odd[] = {0,    1e-300, Limits::denorm_min(), 1.8e20,           Limits::max(), Limits::infinity(),
                          -1.0, 1e-5,   Limits::quiet_NaN(),  Limits::epsilon()};
    const std::uint64_t which = below(2 * std::size(odd));
    return which < std::size(odd) ? odd[which] : static_cast<double>(up_to(1U << up_to(30)));
  }

  void act(std::uint32_t number) {
    const WorkerId worker{number};
    const Span held = scheduler_.held(worker);
    if (held.empty()) return ask(worker);
    const std::uint64_t choice = below(8);
    if (choice < 2) return scheduler_.measured(worker, now_, speed(), below(2) * below(kSize + 1));
    if (writing_[number]) {
      ++written_[held.begin];
      scheduler_.committed(worker, Segment{held.begin});
      writing_[number] = false;
    } else if (choice == 2) {
      scheduler_.release(worker);
    } else {
      writing_[number] = scheduler_.begin_commit(worker, Segment{held.begin});
      if (!writing_[number]) ++happened_.too_late;
    }
  }

  void ask(WorkerId worker) {
    const Offer offer{speed(), below(2) > 0 ? 0.02 : static_cast<double>(below(5))};
    if (grant(scheduler_, worker, up_to(8) * kSize, now_, offer.speed) || scheduler_.states().missing().count() > 0)
      return;
    if (scheduler_.split(worker, now_, offer)) {
      ++happened_.splits;
    } else if (scheduler_.hedge(worker, now_, offer)) {
      ++happened_.hedges;
    }
  }

  std::string check() const {
    std::vector<unsigned> holders(written_.size());
    for (std::uint32_t w = 0; w < writing_.size(); ++w) {
      const Span span = scheduler_.held(WorkerId{w});
      if (span.begin > span.end || span.end > written_.size()) return "a span that is none";
      for (std::uint32_t i = span.begin; i < span.end; ++i) ++holders[i];
    }
    for (std::uint32_t i = 0; i < written_.size(); ++i) {
      const bool missing = scheduler_.states().missing().contains(i), done = scheduler_.states().is_done(Segment{i});
      if (written_[i] != (done ? 1U : 0U)) return "written more or less than once";
      if (holders[i] > 2 || (holders[i] > 0) == (missing || done) || (missing && done)) return "lost, or given twice";
    }
    return {};
  }

  std::mt19937_64 random_;
  Happened& happened_;
  Layout layout_;
  Scheduler scheduler_;
  std::vector<bool> writing_;
  std::vector<unsigned> written_;
  double now_ = 0;
};

}  // namespace

TEST_CASE("at any speed and in any order every segment is held by one or two, and written once") {
  const char* one = std::getenv("SEED");
  const std::uint64_t first = one != nullptr ? std::stoull(one) : 0;
  Happened happened;
  for (std::uint64_t seed = first; seed < first + (one != nullptr ? 1 : kRuns); ++seed) {
    const std::string wrong = Run(seed, happened).walk();
    if (!wrong.empty()) FAIL("SEED=" << seed << ": " << wrong);
  }
  if (one != nullptr) return;
  CHECK(happened.splits > 1000);
  CHECK(happened.hedges > 1000);
  CHECK(happened.too_late > 100);
  CHECK(happened.finished > 1000);
}

TEST_CASE("an offer of no speed that can be reckoned with is taken for one that is not known") {
  for (const double speed : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), -1.0}) {
    CAPTURE(speed);
    Scheduler scheduler(Layout(8 * kSize, kSize), std::vector<bool>(8));
    REQUIRE(grant(scheduler, WorkerId{0}, 4 * kSize, 0, 0) == Span{0, 4});
    REQUIRE(grant(scheduler, WorkerId{1}, 4 * kSize, 0, 0) == Span{4, 8});
    const auto taken = scheduler.split(WorkerId{2}, 0, {speed, 0.1});
    REQUIRE(taken.has_value());
    CHECK(taken->end - taken->begin == 2);
    scheduler.measured(WorkerId{0}, 1, speed, 0);
    CHECK(scheduler.split(WorkerId{3}, 1, {0, 0}).has_value());
  }
}

TEST_CASE("what is not a worker's to write, or is written already, is not counted") {
  Scheduler scheduler(Layout(4 * kSize, kSize), std::vector<bool>(4));
  REQUIRE(grant(scheduler, WorkerId{0}, 2 * kSize, 0, 0) == Span{0, 2});
  CHECK_THROWS_AS(scheduler.begin_commit(WorkerId{0}, Segment{1}), std::logic_error);
  CHECK_THROWS_AS(scheduler.committed(WorkerId{0}, Segment{0}), std::logic_error);
  REQUIRE(scheduler.begin_commit(WorkerId{0}, Segment{0}));
  CHECK_THROWS_AS(scheduler.begin_commit(WorkerId{0}, Segment{0}), std::logic_error);
  scheduler.committed(WorkerId{0}, Segment{0});
  CHECK_THROWS_AS(scheduler.committed(WorkerId{0}, Segment{0}), std::logic_error);
  CHECK_THROWS_AS(scheduler.committed(WorkerId{1}, Segment{1}), std::logic_error);
  CHECK_THROWS_AS(scheduler.proved(Segment{0}), std::logic_error);
  CHECK_THROWS_AS(grant(scheduler, WorkerId{0}, kSize, 0, 0), std::logic_error);
  CHECK(scheduler.held(WorkerId{0}) == Span{1, 2});
  CHECK_FALSE(scheduler.states().finished());
}
