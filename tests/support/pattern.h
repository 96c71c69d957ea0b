// Content that is a function of its offset: a file of any size needs no storage, and a byte in the wrong place shows at
// once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace segdl::test {

// SplitMix64 of the 8-byte word the offset lies in.
constexpr std::uint64_t pattern_word(std::uint64_t seed, std::uint64_t word) {
  std::uint64_t z = seed * 0x9e3779b97f4a7c15U + (word + 1) * 0xbf58476d1ce4e5b9U;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
  z = (z ^ z >> 27) * 0x94d049bb133111ebU;
  return z ^ z >> 31;
}

constexpr std::byte pattern(std::uint64_t seed, std::uint64_t offset) {
  return static_cast<std::byte>(pattern_word(seed, offset / 8) >> (offset % 8 * 8) & 0xff);
}

inline void fill_pattern(std::span<std::byte> into, std::uint64_t seed, std::uint64_t offset) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] = pattern(seed, offset + i);
}

inline std::vector<std::byte> pattern_bytes(std::uint64_t seed, std::uint64_t size) {
  std::vector<std::byte> bytes(size);
  fill_pattern(bytes, seed, 0);
  return bytes;
}

}  // namespace segdl::test
