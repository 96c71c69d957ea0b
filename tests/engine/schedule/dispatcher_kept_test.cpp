// What a worker leaves of a segment, or loses of one, and what counts as its progress.
#include "dispatcher_scene.h"

#include <cstddef>
#include <memory>
#include <optional>

using namespace segdl;
using namespace segdl::test;

namespace {

// A prefix of a segment, identified by its length.
Prefix prefix(std::uint64_t filled) { return {std::make_unique<std::byte[]>(kSegment), filled}; }

}  // namespace

TEST_CASE("what one worker has of a segment goes to the next that is at it") {
  Scene scene(4);
  Worker& first = scene.worker(4);
  scene.keep(Segment{0}, prefix(100));
  scene.leave(first);
  Worker& second = scene.worker(4);
  const Prefix kept = scene.take_kept(Segment{0}, 99);
  CHECK(kept.filled == 100);
  CHECK(kept.bytes != nullptr);
  CHECK(scene.take_kept(Segment{0}, 0).filled == 0);  // it has gone
  CHECK(second.assignment().held() == Span{0, 4});
}

TEST_CASE("of what is kept of one segment the most is, and it is given only to one that has less") {
  Scene scene(2);
  scene.worker(2);
  scene.keep(Segment{0}, prefix(100));
  scene.keep(Segment{0}, prefix(70));
  CHECK(scene.take_kept(Segment{0}, 100).filled == 0);
  CHECK(scene.take_kept(Segment{1}, 0).filled == 0);
  scene.keep(Segment{0}, prefix(130));
  CHECK(scene.take_kept(Segment{0}, 0).filled == 130);
}

TEST_CASE("no span has a segment in its middle of which something is kept") {
  Scene scene(10);
  Worker& first = scene.worker(4);
  Worker& second = scene.worker(6);
  scene.keep(Segment{4}, prefix(100));
  scene.leave(second);
  first.assignment().release();
  CHECK(scene.next(first) == Span{0, 4});
  Worker& third = scene.join();
  CHECK(scene.next(third) == Span{4, 10});
}

TEST_CASE("no more segments are kept than there were workers, and none that is done") {
  Scene scene(4);
  Worker& worker = scene.worker(4);
  scene.keep(Segment{2}, prefix(100));
  scene.keep(Segment{3}, prefix(100));
  CHECK(scene.take_kept(Segment{3}, 0).filled == 0);
  CHECK(scene.take_kept(Segment{2}, 0).filled == 100);
  scene.keep(Segment{0}, prefix(100));
  scene.commit(worker, 0);
  CHECK(scene.take_kept(Segment{0}, 0).filled == 0);
  scene.keep(Segment{0}, prefix(100));
  CHECK(scene.take_kept(Segment{0}, 0).filled == 0);
}

TEST_CASE("a byte is a worker's gain once, whoever fetches it again") {
  Hedged scene;
  CHECK(scene.first.assignment().gained(Segment{0}, 5000) == 5000);
  CHECK(scene.first.assignment().gained(Segment{0}, 5000) == 0);
  CHECK(scene.second.assignment().gained(Segment{0}, 4000) == 0);
  CHECK(scene.second.assignment().gained(Segment{0}, 7000) == 2000);
  scene.keep(Segment{0}, prefix(9000));
  CHECK(scene.first.assignment().gained(Segment{0}, 9000) == 0);
  scene.commit(scene.second, 0);
  CHECK(scene.second.assignment().gained(std::nullopt, 0) == kSegment - 9000);
  CHECK(scene.first.assignment().gained(Segment{0}, kSegment) == 0);
}

TEST_CASE("of workers that fail together one is the last") {
  Scene scene(4);
  Worker& first = scene.worker(2);
  Worker& second = scene.worker(2);
  CHECK(first.failed(false).at_work);
  CHECK_FALSE(second.failed(false).at_work);
  SUBCASE("which is still at work") {
    CHECK(first.others_at_work());
    CHECK(first.failed(false).at_work);
  }
  SUBCASE("unless the other one asks again") {
    first.assignment().asks();
    CHECK(second.failed(false).at_work);
  }
}

TEST_CASE("who goes on at once after a failure is at work") {
  Scene scene(4);
  Worker& first = scene.worker(2);
  Worker& second = scene.worker(2);
  CHECK(first.failed(true).at_work);
  CHECK(second.failed(false).at_work);
}

TEST_CASE("who waits to try again holds nothing, and is not at work") {
  Scene scene(4);
  Worker& first = scene.worker(2);
  Worker& second = scene.worker(2);
  CHECK(first.others_at_work());
  second.assignment().release();
  CHECK_FALSE(first.others_at_work());
  CHECK(second.others_at_work());
}

TEST_CASE("a response that goes on takes the front of what was answered, until something of that has come") {
  Scene scene(6);
  Worker& leader = scene.worker(1);
  Worker& other = scene.worker(3);
  other.flow().add(7);  // of another response
  other.assignment().asks();
  CHECK(other.assignment().answered() == Span{1, 4});
  scene.commit(leader, 0);
  CHECK(leader.assignment().go_on(Segment{1}, kAll) == Span{1, 2});
  CHECK(other.assignment().held() == Span{2, 4});
  other.flow().add(1);
  CHECK_FALSE(other.assignment().begin_commit(Segment{1}));
  scene.commit(leader, 1);
  CHECK_FALSE(leader.assignment().go_on(Segment{2}, kAll));
}
