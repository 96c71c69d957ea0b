// Lines at the bottom of a terminal, repainted in place. Pure: returns the text to be written.
//
// The cursor stays at the beginning of the line below them. It is hidden, and line wrapping is off, only while a
// picture is written, and every picture begins by restoring both: whatever ends the process, even SIGKILL, leaves the
// terminal as it was.
//
// A terminal that has become narrower has wrapped the lines anew, as nearly all do. So the number of rows up is
// computed with the terminal's current width.
#pragma once

#include "cli/display/draw.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace segdl::cli {

class LiveLines {
 public:
  // Replaces the lines by these; empty if nothing changes.
  std::string paint(std::vector<Line>, std::size_t columns);

  // Writes a text that ends its last line above the lines, and shows them again.
  std::string put_above(std::string_view text, std::size_t columns);

  // Removes the lines and moves the cursor to where the first was. Empty if none are shown.
  std::string erase(std::size_t columns);

  // Other text was written to the terminal: the lines shown are left as they are.
  void forget() { lines_.clear(); }

 private:
  std::string way_up(std::size_t columns) const;
  std::string picture() const;

  std::vector<Line> lines_;   // shown
  std::size_t columns_ = 80;  // when they were painted
};

}  // namespace segdl::cli
