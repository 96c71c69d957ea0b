// What is kept of segments that are not whole, and what is in doubt of parts without a length.
#include "core/schedule/kept_prefixes.h"

#include "core/base/errors.h"
#include "core/schedule/unmeasured_parts.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <memory>
#include <optional>

using namespace segdl;

namespace {

constexpr Segment A{2}, B{5}, C{7};

// A prefix of a segment, identified by its length.
Prefix prefix(std::uint64_t filled) { return {std::make_unique<std::byte[]>(10), filled}; }

}  // namespace

TEST_CASE("of what is kept of one segment the most is, and it is given only to one that has less") {
  KeptPrefixes kept;
  kept.keep(A, prefix(5), 1);
  kept.keep(A, prefix(4), 1);
  CHECK(kept.take(A, 5).filled == 0);
  CHECK(kept.take(B, 0).filled == 0);
  kept.keep(A, prefix(6), 1);
  const Prefix taken = kept.take(A, 5);
  CHECK(taken.filled == 6);
  CHECK(taken.bytes != nullptr);
  CHECK(kept.take(A, 0).filled == 0);  // it has gone
}

TEST_CASE("of so many segments something is kept, and what has room is known by its neighbours") {
  KeptPrefixes kept;
  kept.keep(A, prefix(5), 2);
  kept.keep(C, prefix(5), 2);
  kept.keep(B, prefix(5), 2);
  CHECK(kept.take(B, 0).filled == 0);
  CHECK(kept.first_behind(A) == C);
  CHECK_FALSE(kept.first_behind(C));
  CHECK(kept.last_before(C) == A);
  CHECK_FALSE(kept.last_before(A));
  CHECK(kept.done(A, 10) == 5);
  CHECK(kept.take(A, 0).filled == 0);
  CHECK_FALSE(kept.last_before(C));
}

TEST_CASE("a byte of a segment is a gain once, also where it was not kept") {
  KeptPrefixes kept;
  CHECK(kept.gain(A, 5) == 5);
  CHECK(kept.gain(A, 4) == 0);
  CHECK(kept.gain(A, 7) == 2);
  kept.keep(A, prefix(9), 0);
  CHECK(kept.gain(A, 9) == 0);
  CHECK(kept.done(A, 10) == 1);
  CHECK(kept.done(B, 10) == 10);
}

TEST_CASE("what came without a length is in doubt once a part of that kind has contradicted itself") {
  const Error error = with_remedy(make_error(Cause::integrity, "get", "u", "first"), Remedy::refetch);
  UnmeasuredParts parts;
  CHECK_FALSE(parts.add({A}, std::nullopt));
  CHECK(parts.doubted().empty());
  SUBCASE("after it") { CHECK(parts.add({}, error)->reason == "first"); }
  SUBCASE("with it") { CHECK(parts.add({B}, error)->reason == "first"); }
  CHECK(parts.doubted().front() == A);
  CHECK(parts.add({C}, with_remedy(make_error(Cause::integrity, "get", "u", "second"), Remedy::stop))->reason ==
        "first");
  CHECK(parts.doubted().back() == C);
  UnmeasuredParts none;
  CHECK_FALSE(none.add({}, error));
  CHECK(none.add({A}, std::nullopt)->reason == "first");
}
