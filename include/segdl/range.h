// Byte ranges and sizes.
//
// Every range in segdl is half-open, `[begin, end)`, in bytes from the start of the resource. The inclusive form of
// RFC 9110 section 14.1.2 exists only where a Range header is written and a Content-Range header is read.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>

#pragma GCC visibility push(default)
namespace segdl {

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kGiB = 1024 * kMiB;

// The bytes `[begin, end)`. REQUIRES: begin <= end.
struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  constexpr std::uint64_t size() const { return end - begin; }
  constexpr bool empty() const { return begin == end; }
  constexpr bool contains(std::uint64_t offset) const { return begin <= offset && offset < end; }
  constexpr bool contains(Range other) const { return begin <= other.begin && other.end <= end; }
  friend constexpr bool operator==(Range, Range) = default;
};

}  // namespace segdl
#pragma GCC visibility pop
