// What the one worker whose response brings all that is missing is to the others. Virtual time.
#include "dispatcher_scene.h"

#include <doctest/doctest.h>

#include <memory>
#include <optional>

using namespace segdl;
using namespace segdl::test;

TEST_CASE("nobody gets anything before the one that goes first is served") {
  Scene scene(4);
  Worker& first = scene.join();
  first.goes_first();
  Worker& second = scene.join();
  CHECK_FALSE(scene.next(second));
  CHECK(scene.next(first));
  first.assignment().release();
  scene.pass(std::chrono::seconds(1));
  CHECK_FALSE(scene.next(second));
  const auto span = first.assignment().next(2 * kSegment, {});
  REQUIRE(span.ok());
  const unsigned fed = scene.fed;
  CHECK(first.be_served(false));
  CHECK(scene.fed == fed + 1);
  CHECK(scene.next(second) == Span{2, 4});
}

TEST_CASE("while one reads ahead the others come towards it from behind") {
  Scene scene(12);
  const auto take = [](Worker& worker) {
    const auto span = worker.assignment().next(3 * kSegment, {});
    REQUIRE(span.ok());
    return *span;
  };
  Worker& reader = scene.join();
  reader.assignment().reads_ahead(256 * kMiB);
  CHECK(take(reader) == Span{0, 3});
  Worker& second = scene.join();
  CHECK(take(second) == Span{9, 12});
  Worker& third = scene.join();
  CHECK(take(third) == Span{6, 9});
  second.assignment().release();
  Worker& fourth = scene.join();
  CHECK(take(fourth) == Span{9, 12});
  SUBCASE("until nothing is missing") {
    CHECK(take(second) == Span{3, 6});
    CHECK_FALSE(take(scene.join()));
  }
  SUBCASE("until it asks for something else") {
    reader.assignment().asks();
    fourth.assignment().release();
    CHECK(take(second) == Span{3, 6});
    CHECK(take(fourth) == Span{9, 12});
  }
  SUBCASE("but none has a segment in its middle of which something is kept") {
    scene.keep(Segment{4}, {std::make_unique_for_overwrite<std::byte[]>(kSegment), 5});
    CHECK(take(second) == Span{4, 6});
  }
}

TEST_CASE("what lies behind a reserve comes first, in file order") {
  constexpr std::uint32_t kReserved = 256 * kMiB / kSegment;
  Scene scene(kReserved + 4);
  Worker& reader = scene.join();
  reader.assignment().reads_ahead(256 * kMiB);
  CHECK(*reader.assignment().next(kSegment, {}) == Span{0, 1});
  CHECK(*scene.join().assignment().next(2 * kSegment, {}) == Span{kReserved, kReserved + 2});
  CHECK(*scene.join().assignment().next(9 * kSegment, {}) == Span{kReserved + 2, kReserved + 4});
  CHECK(*scene.join().assignment().next(2 * kSegment, {}) == Span{kReserved - 2, kReserved});
}

TEST_CASE("who reads ahead knows of what behind it nothing has come yet") {
  Scene scene(4);
  Worker& reader = scene.join();
  Worker& other = scene.join();
  reader.assignment().asks();
  reader.assignment().reads_ahead(256 * kMiB);
  REQUIRE(reader.assignment().next(kSegment, {}).ok());
  reader.assignment().answered();
  other.assignment().asks();
  REQUIRE(other.assignment().next(kSegment, {}).ok());
  CHECK(reader.assignment().is_asked_for_behind(Segment{2}));
  CHECK_FALSE(reader.assignment().is_asked_for_behind(Segment{3}));
  CHECK_FALSE(other.assignment().is_asked_for_behind(Segment{0}));
  other.assignment().answered();
  CHECK(reader.assignment().is_asked_for_behind(Segment{2}));
  other.flow().add(1);
  CHECK_FALSE(reader.assignment().is_asked_for_behind(Segment{2}));
}

TEST_CASE("of several one reads ahead, until it asks for something else") {
  Scene scene(4);
  Worker& reader = scene.join();
  Worker& other = scene.join();
  reader.assignment().reads_ahead(256 * kMiB);
  other.assignment().reads_ahead(256 * kMiB);
  CHECK(*other.assignment().next(kSegment, {}) == Span{3, 4});
  reader.assignment().asks();
  other.assignment().reads_ahead(256 * kMiB);
  CHECK(*reader.assignment().next(kSegment, {}) == Span{2, 3});
}

TEST_CASE("what may come to who reads ahead is missing, or was asked for by others") {
  Scene scene(3);
  Worker& reader = scene.join();
  Worker& other = scene.join();
  REQUIRE(reader.assignment().next(kSegment, {}).ok());
  reader.assignment().answered();
  CHECK(reader.may_come_to(Segment{1}));
  other.assignment().asks();
  REQUIRE(*other.assignment().next(2 * kSegment, {}) == Span{1, 3});
  CHECK_FALSE(reader.may_come_to(Segment{0}));
  reader.assignment().reads_ahead(256 * kMiB);  // of which nothing is missing now
  CHECK(reader.may_come_to(Segment{0}));
  CHECK_FALSE(reader.may_come_to(Segment{1}));
  other.assignment().release();
  CHECK(reader.may_come_to(Segment{1}));
}

TEST_CASE("who keeps a response is at work, whatever it holds, until it reads it or lets it go") {
  Scene scene(3);
  Worker& keeper = scene.join();
  Worker& other = scene.join();
  CHECK_FALSE(other.others_at_work());
  keeper.keeps(true);
  CHECK(other.others_at_work());
  CHECK(other.failed(false).at_work);
  keeper.assignment().asks();  // for something beside it
  CHECK(other.others_at_work());
  SUBCASE("") { keeper.keeps(false); }
  SUBCASE("") { keeper.failed(false); }  // of what it has read on with
  SUBCASE("") {
    keeper.assignment().answered();
    keeper.assignment().release();
  }
  SUBCASE("") {
    scene.leave(keeper);
    scene.join();
  }
  CHECK_FALSE(other.others_at_work());
}
