// What the one worker whose response brings all that is missing is to the others. Virtual time.
#include "dispatcher_scene.h"

#include <doctest/doctest.h>

#include <memory>
#include <optional>

using namespace segdl;
using namespace segdl::test;

TEST_CASE("nobody gets anything before the one that goes first is served") {
  Scene scene(4);
  WorkerState& first = scene.dispatcher.join();
  scene.dispatcher.goes_first(first);
  WorkerState& second = scene.dispatcher.join();
  CHECK_FALSE(scene.next(second));
  CHECK(scene.next(first));
  scene.dispatcher.release(first);
  scene.pass(std::chrono::seconds(1));
  CHECK_FALSE(scene.next(second));
  const auto span = scene.dispatcher.next(first, 2 * kSegment, {});
  REQUIRE(span.ok());
  const unsigned fed = scene.fed;
  CHECK(scene.dispatcher.be_served(first, false));
  CHECK(scene.fed == fed + 1);
  CHECK(scene.next(second) == Span{2, 4});
}

TEST_CASE("while one reads ahead the others come towards it from behind") {
  Scene scene(12);
  const auto take = [&scene](WorkerState& worker) {
    const auto span = scene.dispatcher.next(worker, 3 * kSegment, {});
    REQUIRE(span.ok());
    return *span;
  };
  WorkerState& reader = scene.dispatcher.join();
  scene.dispatcher.reads_ahead(reader, 256 * kMiB);
  CHECK(take(reader) == Span{0, 3});
  WorkerState& second = scene.dispatcher.join();
  CHECK(take(second) == Span{9, 12});
  WorkerState& third = scene.dispatcher.join();
  CHECK(take(third) == Span{6, 9});
  scene.dispatcher.release(second);
  WorkerState& fourth = scene.dispatcher.join();
  CHECK(take(fourth) == Span{9, 12});
  SUBCASE("until nothing is missing") {
    CHECK(take(second) == Span{3, 6});
    CHECK_FALSE(take(scene.dispatcher.join()));
  }
  SUBCASE("until it asks for something else") {
    scene.dispatcher.asks(reader);
    scene.dispatcher.release(fourth);
    CHECK(take(second) == Span{3, 6});
    CHECK(take(fourth) == Span{9, 12});
  }
  SUBCASE("but none has a segment in its middle of which something is kept") {
    scene.dispatcher.keep(Segment{4}, {std::make_unique_for_overwrite<std::byte[]>(kSegment), 5});
    CHECK(take(second) == Span{4, 6});
  }
}

TEST_CASE("what lies behind a reserve comes first, in file order") {
  constexpr std::uint32_t kReserved = 256 * kMiB / kSegment;
  Scene scene(kReserved + 4);
  WorkerState& reader = scene.dispatcher.join();
  scene.dispatcher.reads_ahead(reader, 256 * kMiB);
  CHECK(*scene.dispatcher.next(reader, kSegment, {}) == Span{0, 1});
  CHECK(*scene.dispatcher.next(scene.dispatcher.join(), 2 * kSegment, {}) == Span{kReserved, kReserved + 2});
  CHECK(*scene.dispatcher.next(scene.dispatcher.join(), 9 * kSegment, {}) == Span{kReserved + 2, kReserved + 4});
  CHECK(*scene.dispatcher.next(scene.dispatcher.join(), 2 * kSegment, {}) == Span{kReserved - 2, kReserved});
}

TEST_CASE("who reads ahead knows of what behind it nothing has come yet") {
  Scene scene(4);
  WorkerState& reader = scene.dispatcher.join();
  WorkerState& other = scene.dispatcher.join();
  scene.dispatcher.asks(reader);
  scene.dispatcher.reads_ahead(reader, 256 * kMiB);
  REQUIRE(scene.dispatcher.next(reader, kSegment, {}).ok());
  scene.dispatcher.answered(reader);
  scene.dispatcher.asks(other);
  REQUIRE(scene.dispatcher.next(other, kSegment, {}).ok());
  CHECK(scene.dispatcher.is_asked_for_behind(reader, Segment{2}));
  CHECK_FALSE(scene.dispatcher.is_asked_for_behind(reader, Segment{3}));
  CHECK_FALSE(scene.dispatcher.is_asked_for_behind(other, Segment{0}));
  scene.dispatcher.answered(other);
  CHECK(scene.dispatcher.is_asked_for_behind(reader, Segment{2}));
  other.received += 1;
  CHECK_FALSE(scene.dispatcher.is_asked_for_behind(reader, Segment{2}));
}

TEST_CASE("of several one reads ahead, until it asks for something else") {
  Scene scene(4);
  WorkerState& reader = scene.dispatcher.join();
  WorkerState& other = scene.dispatcher.join();
  scene.dispatcher.reads_ahead(reader, 256 * kMiB);
  scene.dispatcher.reads_ahead(other, 256 * kMiB);
  CHECK(*scene.dispatcher.next(other, kSegment, {}) == Span{3, 4});
  scene.dispatcher.asks(reader);
  scene.dispatcher.reads_ahead(other, 256 * kMiB);
  CHECK(*scene.dispatcher.next(reader, kSegment, {}) == Span{2, 3});
}

TEST_CASE("what may come to who reads ahead is missing, or was asked for by others") {
  Scene scene(3);
  WorkerState& reader = scene.dispatcher.join();
  WorkerState& other = scene.dispatcher.join();
  REQUIRE(scene.dispatcher.next(reader, kSegment, {}).ok());
  scene.dispatcher.answered(reader);
  CHECK(scene.dispatcher.may_come_to(reader, Segment{1}));
  scene.dispatcher.asks(other);
  REQUIRE(*scene.dispatcher.next(other, 2 * kSegment, {}) == Span{1, 3});
  CHECK_FALSE(scene.dispatcher.may_come_to(reader, Segment{0}));
  scene.dispatcher.reads_ahead(reader, 256 * kMiB);  // of which nothing is missing now
  CHECK(scene.dispatcher.may_come_to(reader, Segment{0}));
  CHECK_FALSE(scene.dispatcher.may_come_to(reader, Segment{1}));
  scene.dispatcher.release(other);
  CHECK(scene.dispatcher.may_come_to(reader, Segment{1}));
}

TEST_CASE("who keeps a response is at work, whatever it holds, until it reads it or lets it go") {
  Scene scene(3);
  WorkerState& keeper = scene.dispatcher.join();
  WorkerState& other = scene.dispatcher.join();
  CHECK_FALSE(scene.dispatcher.others_at_work(other));
  scene.dispatcher.keeps(keeper, true);
  CHECK(scene.dispatcher.others_at_work(other));
  CHECK(scene.dispatcher.failed(other, false).at_work);
  scene.dispatcher.asks(keeper);  // for something beside it
  CHECK(scene.dispatcher.others_at_work(other));
  SUBCASE("") { scene.dispatcher.keeps(keeper, false); }
  SUBCASE("") { scene.dispatcher.failed(keeper, false); }  // of what it has read on with
  SUBCASE("") {
    scene.dispatcher.answered(keeper);
    scene.dispatcher.release(keeper);
  }
  SUBCASE("") {
    scene.dispatcher.leave(keeper);
    scene.dispatcher.join();
  }
  CHECK_FALSE(scene.dispatcher.others_at_work(other));
}
