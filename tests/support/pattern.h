// Content that is a function of its offset: a file of any size needs no storage, and a byte in the wrong place is
// detected immediately.
//
// Eight bytes at a time are a mixed counter (SplitMix64): neighbours have nothing in common, so that a byte that is
// missing, repeated, shifted or of another version of the content is wrong in all but one of 256 cases.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <vector>

namespace segdl::test {

// The 8-byte word number `word`, from 0.
constexpr std::uint64_t pattern_word(std::uint64_t seed, std::uint64_t word) {
  std::uint64_t z = seed * 0x9e3779b97f4a7c15U + (word + 1) * 0xbf58476d1ce4e5b9U;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
  z = (z ^ z >> 27) * 0x94d049bb133111ebU;
  return z ^ z >> 31;
}

constexpr std::byte pattern(std::uint64_t seed, std::uint64_t offset) {
  return static_cast<std::byte>(pattern_word(seed, offset / 8) >> (offset % 8 * 8) & 0xff);
}

// The bytes from `offset` on, whole words in one step.
inline void fill_pattern(std::span<std::byte> into, std::uint64_t seed, std::uint64_t offset) {
  static_assert(std::endian::native == std::endian::little, "a word is stored as its bytes lie");
  const std::size_t ragged = std::min<std::size_t>(into.size(), (8 - offset % 8) % 8);
  for (std::size_t i = 0; i < ragged; ++i) into[i] = pattern(seed, offset + i);
  const std::size_t words = (into.size() - ragged) / 8;
  std::byte* at = into.data() + ragged;
  const std::uint64_t first = (offset + ragged) / 8;
  for (std::size_t i = 0; i < words; ++i, at += 8) {
    const std::uint64_t word = pattern_word(seed, first + i);
    std::memcpy(at, &word, sizeof word);
  }
  for (std::size_t i = ragged + words * 8; i < into.size(); ++i) into[i] = pattern(seed, offset + i);
}

inline std::vector<std::byte> pattern_bytes(std::uint64_t seed, std::uint64_t size) {
  std::vector<std::byte> bytes(size);
  fill_pattern(bytes, seed, 0);
  return bytes;
}

// Whether these are the first bytes of the pattern.
inline bool is_pattern(std::span<const std::byte> bytes, std::uint64_t seed) {
  std::array<std::byte, 4096> expected;
  for (std::size_t at = 0; at < bytes.size(); at += expected.size()) {
    const auto piece = bytes.subspan(at, std::min(expected.size(), bytes.size() - at));
    fill_pattern(std::span(expected).first(piece.size()), seed, at);
    if (std::memcmp(piece.data(), expected.data(), piece.size()) != 0) return false;
  }
  return true;
}

// Whether these are all `size` bytes of the pattern. Vectors of bytes that are compared by == are compared a byte at a
// time.
inline bool is_pattern(std::span<const std::byte> bytes, std::uint64_t seed, std::uint64_t size) {
  return bytes.size() == size && is_pattern(bytes, seed);
}

inline bool has_pattern(const std::filesystem::path& path, std::uint64_t seed, std::uint64_t size) {
  std::ifstream file(path, std::ios::binary);
  std::vector<std::byte> bytes(size + 1);  // one more than it is to have
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return file.gcount() == static_cast<std::streamsize>(size) && is_pattern(std::span(bytes).first(size), seed);
}

}  // namespace segdl::test
