// What a worker leaves of a segment, or loses of one, and what counts as its progress.
#include "dispatcher_scene.h"

#include <cstddef>
#include <memory>
#include <optional>

using namespace segdl;
using namespace segdl::test;

namespace {

// What a worker might have of a segment, to be told from others by its length.
Prefix prefix(std::uint64_t filled) { return {std::make_unique<std::byte[]>(kSegment), filled}; }

}  // namespace

TEST_CASE("what one worker has of a segment goes to the next that is at it") {
  Scene scene(4);
  WorkerState& first = scene.worker(4);
  scene.dispatcher.keep(Segment{0}, prefix(100));
  scene.dispatcher.leave(first);
  WorkerState& second = scene.worker(4);
  const Prefix kept = scene.dispatcher.take_kept(Segment{0}, 99);
  CHECK(kept.filled == 100);
  CHECK(kept.bytes != nullptr);
  CHECK(scene.dispatcher.take_kept(Segment{0}, 0).filled == 0);  // it has gone
  CHECK(scene.dispatcher.held(second) == Span{0, 4});
}

TEST_CASE("of what is kept of one segment the most is, and it is given only to one that has less") {
  Scene scene(2);
  scene.worker(2);
  scene.dispatcher.keep(Segment{0}, prefix(100));
  scene.dispatcher.keep(Segment{0}, prefix(70));
  CHECK(scene.dispatcher.take_kept(Segment{0}, 100).filled == 0);
  CHECK(scene.dispatcher.take_kept(Segment{1}, 0).filled == 0);
  scene.dispatcher.keep(Segment{0}, prefix(130));
  CHECK(scene.dispatcher.take_kept(Segment{0}, 0).filled == 130);
}

TEST_CASE("no span has a segment in its middle of which something is kept") {
  Scene scene(10);
  WorkerState& first = scene.worker(4);
  WorkerState& second = scene.worker(6);
  scene.dispatcher.keep(Segment{4}, prefix(100));
  scene.dispatcher.leave(second);
  scene.dispatcher.release(first);
  CHECK(scene.next(first) == Span{0, 4});
  WorkerState& third = scene.dispatcher.join();
  CHECK(scene.next(third) == Span{4, 10});
}

TEST_CASE("no more segments are kept than there were workers, and none that is done") {
  Scene scene(4);
  WorkerState& worker = scene.worker(4);
  scene.dispatcher.keep(Segment{2}, prefix(100));
  scene.dispatcher.keep(Segment{3}, prefix(100));
  CHECK(scene.dispatcher.take_kept(Segment{3}, 0).filled == 0);
  CHECK(scene.dispatcher.take_kept(Segment{2}, 0).filled == 100);
  scene.dispatcher.keep(Segment{0}, prefix(100));
  scene.commit(worker, 0);
  CHECK(scene.dispatcher.take_kept(Segment{0}, 0).filled == 0);
  scene.dispatcher.keep(Segment{0}, prefix(100));
  CHECK(scene.dispatcher.take_kept(Segment{0}, 0).filled == 0);
}

TEST_CASE("a byte is a worker's gain once, whoever fetches it again") {
  Hedged scene;
  Dispatcher& dispatcher = scene.dispatcher;
  CHECK(dispatcher.gained(scene.first, Segment{0}, 5000) == 5000);
  CHECK(dispatcher.gained(scene.first, Segment{0}, 5000) == 0);
  CHECK(dispatcher.gained(scene.second, Segment{0}, 4000) == 0);
  CHECK(dispatcher.gained(scene.second, Segment{0}, 7000) == 2000);
  dispatcher.keep(Segment{0}, prefix(9000));
  CHECK(dispatcher.gained(scene.first, Segment{0}, 9000) == 0);
  scene.commit(scene.second, 0);
  CHECK(dispatcher.gained(scene.second, std::nullopt, 0) == kSegment - 9000);
  CHECK(dispatcher.gained(scene.first, Segment{0}, kSegment) == 0);
}

TEST_CASE("of workers that fail together one is the last") {
  Scene scene(4);
  WorkerState& first = scene.worker(2);
  WorkerState& second = scene.worker(2);
  CHECK(scene.dispatcher.failed(first, false).at_work);
  CHECK_FALSE(scene.dispatcher.failed(second, false).at_work);
  SUBCASE("which is still at work") {
    CHECK(scene.dispatcher.others_at_work(first));
    CHECK(scene.dispatcher.failed(first, false).at_work);
  }
  SUBCASE("unless the other one asks again") {
    scene.dispatcher.asks(first);
    CHECK(scene.dispatcher.failed(second, false).at_work);
  }
}

TEST_CASE("who goes on at once after a failure is at work") {
  Scene scene(4);
  WorkerState& first = scene.worker(2);
  WorkerState& second = scene.worker(2);
  CHECK(scene.dispatcher.failed(first, true).at_work);
  CHECK(scene.dispatcher.failed(second, false).at_work);
}

TEST_CASE("who waits to try again holds nothing, and is not at work") {
  Scene scene(4);
  WorkerState& first = scene.worker(2);
  WorkerState& second = scene.worker(2);
  CHECK(scene.dispatcher.others_at_work(first));
  scene.dispatcher.release(second);
  CHECK_FALSE(scene.dispatcher.others_at_work(first));
  CHECK(scene.dispatcher.others_at_work(second));
}

TEST_CASE("a response that goes on takes the front of what was answered, until something of that has come") {
  Scene scene(6);
  WorkerState& leader = scene.worker(1);
  WorkerState& other = scene.worker(3);
  other.received += 7;  // of another response
  scene.dispatcher.asks(other);
  CHECK(scene.dispatcher.answered(other) == Span{1, 4});
  scene.commit(leader, 0);
  CHECK(scene.dispatcher.go_on(leader, Segment{1}, kAll) == Span{1, 2});
  CHECK(scene.dispatcher.held(other) == Span{2, 4});
  other.received += 1;
  CHECK_FALSE(scene.dispatcher.begin_commit(other, Segment{1}));
  scene.commit(leader, 1);
  CHECK_FALSE(scene.dispatcher.go_on(leader, Segment{2}, kAll));
}
