// Where a download's workers send their requests.
#include "engine/fetch/source.h"

#include "core/url/url.h"

#include <doctest/doctest.h>

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
