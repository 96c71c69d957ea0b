// The positions of segments. All offset arithmetic of segdl is here and nowhere else.
//
//   total 10, segment size 4:   segment 0 = [0,4)   segment 1 = [4,8)   segment 2 = [8,10)
#pragma once

#include <segdl/range.h>

#include <bit>
#include <cassert>
#include <cstdint>

namespace segdl {

// The index of a segment, with a type of its own, so that it is never mistaken for a byte offset.
enum class Segment : std::uint32_t {};
constexpr std::uint32_t index(Segment segment) { return static_cast<std::uint32_t>(segment); }

inline constexpr std::uint64_t kMinSegmentSize = 16 * kKiB;
inline constexpr std::uint64_t kMaxSegmentSize = 16 * kMiB;

// A run of segments given to one worker: [begin, end).
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  constexpr bool empty() const { return begin == end; }
  friend constexpr bool operator==(Span, Span) = default;
};

class Layout {
 public:
  constexpr Layout() = default;

  // REQUIRES: valid_segment_size(segment_size); the count of segments fits 32 bits.
  constexpr Layout(std::uint64_t total, std::uint64_t segment_size) : total_(total), segment_size_(segment_size) {}

  static constexpr bool valid_segment_size(std::uint64_t size) {
    return std::has_single_bit(size) && size >= kMinSegmentSize && size <= kMaxSegmentSize;
  }

  // The power of two next above total/4096, within 64 KiB and 256 KiB; doubled further only above 4 Mi segments.
  static constexpr std::uint64_t default_segment_size(std::uint64_t total) {
    std::uint64_t size = std::bit_ceil(total / 4096 + (total % 4096 != 0 ? 1 : 0));
    size = size < 64 * kKiB ? 64 * kKiB : size > 256 * kKiB ? 256 * kKiB : size;
    while (size < kMaxSegmentSize && total / size > 4 * kMiB) size *= 2;
    return size;
  }

  constexpr std::uint64_t total() const { return total_; }
  constexpr std::uint64_t segment_size() const { return segment_size_; }
  constexpr std::uint32_t count() const {
    return static_cast<std::uint32_t>(total_ / segment_size_ + (total_ % segment_size_ != 0 ? 1 : 0));
  }

  // REQUIRES: index(segment) < count().
  constexpr Range range(Segment segment) const {
    const std::uint64_t begin = index(segment) * segment_size_;
    return {begin, total_ - begin < segment_size_ ? total_ : begin + segment_size_};
  }

  // REQUIRES: offset < total().
  constexpr Segment at(std::uint64_t offset) const {
    assert(offset < total_);
    return static_cast<Segment>(offset / segment_size_);
  }

  // The bytes of a run of segments; empty for an empty run. REQUIRES: span.end <= count().
  constexpr Range range(Span span) const {
    if (span.empty()) return {};
    return {range(Segment{span.begin}).begin, range(Segment{span.end - 1}).end};
  }

  friend constexpr bool operator==(const Layout&, const Layout&) = default;

 private:
  std::uint64_t total_ = 0;
  std::uint64_t segment_size_ = kMinSegmentSize;
};

}  // namespace segdl
