// Bytes of a chunked body count once their chunk has ended where its size says.
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <string>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 40 * 16 * kKiB + 1000;

}  // namespace

TEST_CASE("a part in a chunk too large to be held comes in another way") {
  for (const unsigned connections : kConnections) {
    World world;
    world.serve().size(6 * kMiB).on_every([](Answer& answer, const Asking&) { answer.chunked(); });
    world.script->on_every([](Answer& answer, const Asking&) {
      if (answer.head.status == 206) answer.raw(answer.head_text() + "400000\r\n" + std::string(2 * kMiB, 'x'));
    });
    REQUIRE(world.download(World::request(), with(connections)).ok());
    CHECK(world.has("f", 1, 6 * kMiB));
  }
}

TEST_CASE("framing that a lying chunk size makes look like data is never kept") {
  for (const unsigned connections : kConnections) {
    for (const bool cut : {false, true}) {
      World world;
      world.serve().size(kSize).on_every([cut](Answer& answer, const Asking& asking) {
        if (answer.head.status != 206 || asking.number > 3) return;
        answer.chunked();
        const auto bytes = pattern_bytes(1, kSize);
        const std::string part(reinterpret_cast<const char*>(bytes.data()) + answer.begin, 60'000);
        std::string wire = answer.head_text() + "ea60\r\n" + part + "\r\n60000\r\n" + part + "\r\n";
        if (!cut) wire += std::string(500'000, 'x');
        answer.raw(wire);
      });
      const auto report = world.download(World::request(), with(connections));
      if (report) CHECK(world.has("f", 1, kSize));
      if (!report) CHECK(world.absent("f"));
    }
  }
}
