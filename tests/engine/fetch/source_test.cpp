// What a source knows of where it leads, of the form of requests, and of failures.
#include "engine/fetch/source.h"

#include "core/url/url.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace segdl;
using namespace segdl::engine;

namespace {

Url url(const std::string& text) { return parse_url(text).value(); }

struct Moves {
  explicit Moves(Source& source) {
    source.url.on_move([this](const Origin& origin) { to.push_back(origin.host); });
  }
  std::vector<std::string> to;
};

}  // namespace

TEST_CASE("further help goes where redirects lead, and back once that place is gone") {
  Source source(url("http://link.test/f"));
  const Moves moves(source);
  source.url.leads_to(url("http://place.test/1"));
  source.url.leads_to(url("http://place.test/2"));  // the same host
  CHECK(moves.to == std::vector<std::string>{"place.test"});
  CHECK(source.url.lost(url("http://place.test/2")));
  CHECK(moves.to == std::vector<std::string>{"place.test", "link.test"});
  CHECK(source.url.lost(url("http://place.test/2")));  // of another worker
  CHECK(moves.to.size() == 2);
  CHECK(source.url.current().leads_to_same(url("http://link.test/f")));
}

TEST_CASE("a download whose workers wait is held up, and so is one that rests") {
  Source source(url("http://link.test/f"));
  const Instant now{std::chrono::hours(1)};
  CHECK_FALSE(source.failures.is_held_up(now));
  {
    const Failures::Wait one(source.failures), two(source.failures);
    CHECK(source.failures.is_held_up(now));
  }
  CHECK_FALSE(source.failures.is_held_up(now));
  source.failures.back_off_until(now + std::chrono::seconds(1));
  CHECK(source.failures.is_held_up(now));
  CHECK_FALSE(source.failures.is_held_up(now + std::chrono::seconds(1)));
}

TEST_CASE("one unusable response after usable ones is misfortune, a second one makes all use a simpler form") {
  RequestForms forms;
  forms.record_success(RequestForm::conditional, RequestForms::Part::head);
  forms.record_failure(RequestForm::conditional, RequestForms::Part::head);
  CHECK(forms.current() == RequestForm::conditional);
  forms.record_failure(RequestForm::conditional, RequestForms::Part::head);
  CHECK(forms.current() == RequestForm::range_only);
  forms.record_failure(RequestForm::conditional, RequestForms::Part::head);  // of another worker
  CHECK(forms.current() == RequestForm::range_only);
  forms.record_failure(RequestForm::range_only, RequestForms::Part::head);  // the first of all
  CHECK(forms.current() == RequestForm::whole);
  forms.record_failure(RequestForm::whole, RequestForms::Part::head);
  CHECK(forms.current() == RequestForm::whole);
}

TEST_CASE("good heads are no excuse for bodies that are not as promised") {
  RequestForms forms;
  forms.record_success(RequestForm::range_only, RequestForms::Part::head);
  forms.use(RequestForm::range_only);
  forms.record_failure(RequestForm::range_only, RequestForms::Part::body);
  CHECK(forms.current() == RequestForm::whole);
}

TEST_CASE("failures of requests that were under way together count as one, and progress ends the row") {
  Failures failures;
  const Instant begun{std::chrono::hours(1)};
  const auto after = [&](int seconds) { return begun + std::chrono::seconds(seconds); };
  CHECK(failures.failed(after(0), after(2), false).count == 1);
  CHECK(failures.failed(after(1), after(3), true).count == 1);
  const Failing second = failures.failed(after(4), after(5), true);
  CHECK(second.count == 2);
  CHECK(second.broken == 1);
  CHECK(second.since == std::chrono::seconds(2));
  CHECK(failures.failing(after(6), after(7)).count == 3);
  failures.back_off_until(after(9));
  failures.progressed();
  CHECK_FALSE(failures.has_failed());
  CHECK_FALSE(failures.is_held_up(after(5)));
  CHECK(failures.failed(after(8), after(8), false).count == 1);
}

TEST_CASE("a source gives no more until a request is answered that was made after the refusal") {
  Failures failures;
  const Instant refused{std::chrono::hours(1)};
  failures.gave_more(refused);
  CHECK_FALSE(failures.gives_no_more());
  failures.refused_more(refused);
  failures.gave_more(refused - std::chrono::seconds(1));
  CHECK(failures.gives_no_more());
  failures.gave_more(refused + std::chrono::seconds(1));
  CHECK_FALSE(failures.gives_no_more());
}
