#include "cli/display/live_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace segdl::cli {
namespace {

// DECTCEM and DECAWM of the VT220, and ECMA-48's ED and EL to the end.
constexpr std::string_view kBegin = "\x1b[?25l\x1b[?7l", kEnd = "\x1b[?7h\x1b[?25h";
constexpr std::string_view kEraseBelow = "\x1b[J", kEraseRest = "\x1b[K";

}  // namespace

std::string LiveLines::paint(std::vector<Line> lines, std::size_t columns) {
  if (lines == lines_ && columns == columns_) return "";
  std::string text = way_up(columns);
  lines_ = std::move(lines);
  columns_ = columns;
  return std::string(kBegin) + text + picture() + std::string(kEnd);
}

std::string LiveLines::put_above(std::string_view text, std::size_t columns) {
  if (lines_.empty()) return std::string(text);
  std::string all = erase(columns).append(text);
  columns_ = columns;
  return all.append(kBegin).append(picture()).append(kEnd);
}

std::string LiveLines::erase(std::size_t columns) {
  if (lines_.empty()) return "";
  return std::string(kEnd).append(way_up(columns)).append(kEraseBelow);
}

std::string LiveLines::way_up(std::size_t columns) const {
  std::size_t rows = 0;
  for (const Line& line : lines_) {
    rows += columns < columns_ ? std::max<std::size_t>(1, (line.width + columns - 1) / columns) : 1;
  }
  return rows == 0 ? "\r" : fmt::format("\r\x1b[{}A", rows);
}

std::string LiveLines::picture() const {
  std::string text;
  for (const Line& line : lines_) text.append(line.text).append(kEraseRest).append("\r\n");
  return text.append(kEraseBelow);
}

}  // namespace segdl::cli
