// Each bit of a small journal flipped, and each length it can be cut to: the same request ends well, with the right
// bytes and nothing beside them, whether the journal is mapped or written. All bits of claims, all of
// the first 64 bytes, and every 251st of the others, or with SEGDL_EVERY=1 in the environment all.
#include "core/store/journal_format.h"
#include "fault/totals.h"
#include "support/every.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 4 * 16 * kKiB + 100;
constexpr std::size_t kBegin = 64;  // the magic and the fields that determine how the rest is read

// What a download that was killed in its middle leaves.
struct Left {
  std::vector<std::byte> data;
  std::vector<std::byte> journal;
};

Left left_by_a_kill() {
  World world;
  world.serve().size(kSize).stall_at(2 * 16 * kKiB + 1000, 99);
  SessionOptions once;
  once.retries = 0;
  REQUIRE_FALSE(world.download(World::request(), once).ok());
  world.disk.kill();
  return {*world.disk.get("f.part"), *world.disk.get("f.segdl")};
}

constexpr FakeKind kWays[] = {kExt4, kNfs};  // a journal that is mapped, and one that is written

void check_continues(const Left& left, std::vector<std::byte> journal, const FakeKind& way) {
  World world;
  world.disk.set_kind(way);
  world.disk.put("f.part", left.data);
  world.disk.put("f.segdl", std::move(journal));
  world.serve().size(kSize);
  const auto report = world.download();
  if (!report.ok()) MESSAGE(report.error().message());
  CHECK(report.ok());
  CHECK(world.has("f", 1, kSize));
  CHECK(world.disk.names() == std::vector<std::string>{"f"});
}

}  // namespace

TEST_CASE("a journal with any bit flipped is continued or begun anew, and the file is right") {
  const Left left = left_by_a_kill();
  const JournalShape shape{5};
  const auto is_claim = [&](std::size_t bit) {
    return bit / 8 >= shape.bitmap_at() && bit / 8 < shape.bitmap_at() + shape.bitmap_bytes();
  };
  for (std::size_t bit = 0; bit < left.journal.size() * 8; ++bit) {
    if (bit % every(251) != 0 && bit / 8 >= kBegin && !is_claim(bit)) continue;
    for (const FakeKind& way : kWays) {
      CAPTURE(bit);
      CAPTURE(std::string(way.name));
      auto journal = left.journal;
      journal[bit / 8] ^= std::byte{1} << (bit % 8);
      check_continues(left, std::move(journal), way);
      tally("flipped-bits");
    }
  }
}

TEST_CASE("a journal cut to any length is continued or begun anew, and the file is right") {
  const Left left = left_by_a_kill();
  for (std::size_t size = 0; size < left.journal.size(); size += size < kBegin ? 1 : every(251)) {
    for (const FakeKind& way : kWays) {
      CAPTURE(size);
      CAPTURE(std::string(way.name));
      check_continues(left, {left.journal.begin(), left.journal.begin() + static_cast<std::ptrdiff_t>(size)}, way);
      tally("truncations");
    }
  }
}
