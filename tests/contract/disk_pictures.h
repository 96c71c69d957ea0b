// What a FakeFs holds, as pictures: files of eight pages, a letter each.
#pragma once

#include "support/fake_fs.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace segdl::test {

inline constexpr std::size_t kPage = kFakePage;

inline std::vector<std::byte> contents(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

inline std::string text_of(const FakeFs& disk, const std::string& name) {
  const auto bytes = disk.get(name);
  if (!bytes) return "absent";
  return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

// Eight pages of one letter.
inline std::string letters(char letter) { return std::string(8 * kPage, letter); }

// Which of the pages hold `letter`, as a picture: "x.x....x".
inline std::string picture(const FakeFs& disk, const std::string& name, char letter) {
  const std::string text = text_of(disk, name);
  std::string result;
  for (std::size_t at = 0; at < text.size(); at += kPage) {
    const std::string page = text.substr(at, kPage);
    const bool whole = std::all_of(page.begin(), page.end(), [&](char c) { return c == page[0]; });
    result += !whole ? '?' : page[0] == letter ? 'x' : '.';
  }
  return result;
}

}  // namespace segdl::test
