// Which refusals mean "not so many connections", and what the host's other downloads learn of that.
#include "engine/fetch/crowding.h"

#include "engine/schedule/pool_scene.h"

using namespace segdl;
using namespace segdl::engine;

namespace {

// One worker, and others that use connections to its host.
struct Beside {
  explicit Beside(unsigned others) { among(others); }

  // So many others use a connection, and none has just ceased to.
  void among(unsigned others) {
    while (slots.size() > others) slots.pop_back();
    scene.clock.advance(kForgotten);
    while (slots.size() < others) {
      slots.push_back(scene.slot());
      REQUIRE(slots.back());
      slots.back().answered(1ms);
    }
  }
  // Another fetch, of one form and one request.
  void ask() {
    crowding.begins_fetch();
    crowding.begins_form();
    crowding.asks();
  }
  // The same, which is refused. Whether that is doubted.
  bool is_refused() {
    ask();
    return crowding.judge_refusal();
  }
  // So many refusals are repeated when no other connection is in use that the host is believed.
  void teach_honest() {
    for (int repeated = 0; repeated < 3; ++repeated) {
      among(1);
      CHECK(is_refused());
      among(0);
      CHECK_FALSE(is_refused());
      crowding.believe();
    }
    among(1);
  }
  // Whether a refusal to another download is doubted.
  bool doubts_another() {
    Crowding another(slot);
    another.asks();
    return another.judge_refusal();
  }
  // Another download's first response is this page.
  Crowding::Page judge_for_another(const ResponseHead& head) {
    Crowding another(slot);
    another.asks();
    return another.judge_page(head);
  }

  Scene scene{{.connections = 8, .jobs = 1}};
  Slot slot = [this] {
    Slot first = scene.slot();
    first.answered(1ms);
    return first;
  }();
  std::vector<Slot> slots;
  Crowding crowding{slot};
};

ResponseHead page(std::uint64_t length) {
  ResponseHead head;
  head.status = 200;
  head.fields = {{"Content-Type", "text/html"}};
  head.framing = Framing::length;
  head.content_length = length;
  return head;
}

}  // namespace

TEST_CASE("a refusal is doubted where other connections are in use, and believed by the only one") {
  Beside crowd(1);
  CHECK(crowd.is_refused());
  CHECK(crowd.crowding.is_doubted());
  CHECK(crowd.crowding.doubts().count == 1);
  crowd.among(0);
  CHECK_FALSE(crowd.is_refused());
  CHECK_FALSE(crowd.crowding.is_doubted());
  CHECK(crowd.crowding.doubts().count == 1);
}

TEST_CASE("after four doubts in a row a refusal is believed, and they count from the beginning then") {
  Beside crowd(1);
  for (unsigned doubts = 1; doubts <= 4; ++doubts) {
    CHECK(crowd.is_refused());
    CHECK(crowd.crowding.doubts().count == doubts);
  }
  CHECK_FALSE(crowd.is_refused());
  CHECK(crowd.crowding.doubts().count == 4);
  CHECK(crowd.crowding.believe());
  CHECK(crowd.crowding.doubts().count == 0);
  CHECK_FALSE(crowd.crowding.believe());
  CHECK(crowd.is_refused());
  crowd.crowding.forget();
  CHECK(crowd.crowding.doubts().count == 0);
}

TEST_CASE("once a refusal is believed that of another form is believed as well, until the next fetch") {
  Beside crowd(0);
  CHECK_FALSE(crowd.is_refused());
  CHECK_FALSE(crowd.crowding.believe());
  crowd.among(1);  // or the worker's own way from one host to the other looks like that of another one
  crowd.crowding.begins_form();
  crowd.crowding.asks();
  CHECK_FALSE(crowd.crowding.judge_refusal());
  CHECK(crowd.is_refused());
}

TEST_CASE("a refusal is doubted if any request of its form was sent beside others, and none of another form's") {
  Beside crowd(1);
  crowd.ask();
  crowd.among(0);
  crowd.crowding.asks();  // where a redirect led
  CHECK(crowd.crowding.judge_refusal());
  crowd.crowding.begins_form();
  crowd.crowding.asks();
  CHECK_FALSE(crowd.crowding.judge_refusal());
}

TEST_CASE("a status that is about the request itself is believed among others too") {
  Beside crowd(1);
  crowd.ask();
  CHECK_FALSE(crowd.crowding.judge_status(false));
  CHECK(crowd.crowding.judge_status(true));
}

TEST_CASE("refusals that were doubted and repeated alone teach that the host means what it says") {
  Beside crowd(1);
  crowd.teach_honest();
  CHECK_FALSE(crowd.doubts_another());
}

TEST_CASE("a refusal that was doubted and not repeated teaches that the host has other words for its number") {
  Beside crowd(1);
  crowd.is_refused();
  crowd.among(0);
  crowd.crowding.answered(false);
  CHECK(crowd.crowding.doubts().count == 0);
  crowd.teach_honest();
  CHECK(crowd.doubts_another());
  crowd.scene.clock.advance(kNarrow);
  CHECK_FALSE(crowd.doubts_another());
  crowd.crowding.answered(false);  // to a request of which nothing was doubted
  CHECK_FALSE(crowd.doubts_another());
}

TEST_CASE("a page is doubted among others, and may be the file to the only connection") {
  Beside crowd(1);
  crowd.ask();
  CHECK(crowd.crowding.judge_page(page(100)) == Crowding::Page::is_doubted);
  CHECK(crowd.crowding.is_doubted());
  CHECK(crowd.crowding.doubts().count == 1);
  crowd.among(0);
  crowd.ask();
  CHECK(crowd.crowding.judge_page(page(100)) == Crowding::Page::may_be_file);
}

TEST_CASE("a page that comes again to the only connection is what the host means by it") {
  Beside crowd(1);
  crowd.ask();
  crowd.crowding.judge_page(page(100));
  crowd.among(0);
  crowd.ask();
  crowd.crowding.judge_page(page(100));
  crowd.crowding.answered(true);
  crowd.among(1);
  CHECK(crowd.judge_for_another(page(200)) == Crowding::Page::may_be_file);
  CHECK(crowd.doubts_another());  // which is no page
}

TEST_CASE("a page that a file came instead of later is no file for the host's other downloads") {
  Beside crowd(1);
  crowd.ask();
  crowd.crowding.judge_page(page(100));
  crowd.among(0);
  crowd.crowding.answered(false);
  CHECK(crowd.judge_for_another(page(100)) == Crowding::Page::is_no_file);
  CHECK(crowd.judge_for_another(page(101)) == Crowding::Page::may_be_file);
}

TEST_CASE("a page that was doubted is forgotten with the refusal by status that follows it") {
  Beside crowd(1);
  crowd.ask();
  crowd.crowding.judge_page(page(100));
  crowd.ask();
  crowd.crowding.judge_status(true);
  crowd.among(0);
  crowd.crowding.answered(true);
  CHECK(crowd.judge_for_another(page(100)) == Crowding::Page::may_be_file);
  crowd.among(1);
  CHECK(crowd.judge_for_another(page(100)) == Crowding::Page::is_doubted);
}

TEST_CASE("a page that can't be the resource is none for other downloads, unless nothing distinguishes it") {
  Beside crowd(0);
  ResponseHead unmeasured = page(0);
  unmeasured.framing = Framing::until_close;
  crowd.crowding.rejects_page(page(100));
  crowd.crowding.rejects_page(unmeasured);
  CHECK(crowd.judge_for_another(page(100)) == Crowding::Page::is_no_file);
  CHECK(crowd.judge_for_another(unmeasured) == Crowding::Page::may_be_file);
}
