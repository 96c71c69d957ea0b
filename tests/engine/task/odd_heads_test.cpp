// Responses that are odd and not ambiguous, and the notes about them.
#include "support/world.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 40 * 16 * kKiB + 1000;

}  // namespace

TEST_CASE("what is odd in responses and was tolerated is a note, one of each kind, fresh and on a resume") {
  for (const unsigned connections : kConnections) {
    World world;
    const auto odd = [](Answer& answer, const Asking&) {
      answer.set("X-Odd", "a\x01");
      if (const std::string* type = answer.head.find("Content-Range"))
        answer.head.fields.push_back({"Content-Range", *type});
    };
    const auto check_notes = [](const std::vector<std::string>& notes) {
      const auto count = [&](const char* text) { return std::count(notes.begin(), notes.end(), text); };
      CHECK(count("tolerated in a response: a control character in a field of its head") == 1);
      CHECK(count("tolerated in a response: a field that is given more than once") == 1);
    };
    world.serve().size(kSize).stall_at(3 * 16 * kKiB + 5000, 99).on_every(odd);
    REQUIRE_FALSE(world.download(World::request(), with(connections, 0)).ok());
    world.serve().size(kSize).on_every(odd);
    const auto report = world.download(World::request(), with(connections));
    REQUIRE(report.ok());
    CHECK(world.has("f", 1, kSize));
    check_notes(report->notes);
  }
}
