#include "core/store/layout.h"
#include "core/base/xxh3.h"

#include <doctest/doctest.h>

#include <vector>

using namespace segdl;

TEST_CASE("segments cover a resource without gap or overlap") {
  for (const std::uint64_t segment : {kMinSegmentSize, 64 * kKiB, kMaxSegmentSize}) {
    for (const std::uint64_t total :
         {std::uint64_t{1}, segment - 1, segment, segment + 1, 7 * segment - 3, 8 * segment}) {
      CAPTURE(segment);
      CAPTURE(total);
      const Layout layout(total, segment);
      std::uint64_t at = 0;
      for (std::uint32_t i = 0; i < layout.count(); ++i) {
        const Range range = layout.range(Segment{i});
        CHECK(range.begin == at);
        CHECK_FALSE(range.empty());
        CHECK(layout.at(range.begin) == Segment{i});
        CHECK(layout.at(range.end - 1) == Segment{i});
        at = range.end;
      }
      CHECK(at == total);
      CHECK(layout.range(Span{0, layout.count()}) == Range{0, total});
      CHECK(layout.range(Span{0, 0}).empty());
    }
  }
}

TEST_CASE("the default segment follows the size") {
  CHECK(Layout::default_segment_size(1) == 64 * kKiB);
  CHECK(Layout::default_segment_size(256 * kMiB) == 64 * kKiB);
  CHECK(Layout::default_segment_size(256 * kMiB + 1) == 128 * kKiB);
  CHECK(Layout::default_segment_size(kGiB) == 256 * kKiB);
  CHECK(Layout::default_segment_size(kGiB * 1024) == 256 * kKiB);
  CHECK(Layout::default_segment_size(4 * kGiB * 1024) == kMiB);
  CHECK(Layout::default_segment_size(std::uint64_t{1} << 62) == kMaxSegmentSize);
}

TEST_CASE("segment sizes are powers of two within bounds") {
  CHECK(Layout::valid_segment_size(16 * kKiB));
  CHECK(Layout::valid_segment_size(16 * kMiB));
  for (const std::uint64_t bad : {std::uint64_t{0}, 8 * kKiB, 32 * kMiB, 17 * kKiB, 48 * kKiB})
    CHECK_FALSE(Layout::valid_segment_size(bad));
}

TEST_CASE("a digest in pieces is the digest of the whole") {
  std::vector<std::byte> bytes(300'001);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 131 >> 3);
  for (const std::size_t piece : {std::size_t{1000}, std::size_t{65'536}, bytes.size()}) {
    StreamDigest digest;
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      digest.update(std::span(bytes).subspan(at, std::min(piece, bytes.size() - at)));
    CHECK(digest.value() == digest_of(bytes));
  }
  CHECK(StreamDigest().value() == digest_of({}));
  CHECK(digest_of({}) == 0x2d06800538d394c2U);  // XXH3_64bits of nothing, from the specification's test vectors
}
