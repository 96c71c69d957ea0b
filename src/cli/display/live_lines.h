// Lines below everything else that a terminal shows, repainted in place. Pure: what is to be written to it comes out.
//
// The cursor stays at the beginning of the line below them. It is hidden, and the wrapping of lines is off, only while
// a picture is on its way, and every picture begins by putting both right: whatever ends the process and whenever, even
// SIGKILL, the terminal is as it was.
//
// A terminal that has become narrower has wrapped the lines anew, as nearly all do; so the way up is reckoned with the
// width that it has when they are painted over.
#pragma once

#include "cli/display/draw.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace segdl::cli {

class LiveLines {
 public:
  // These lines instead of those that are shown; nothing to write if nothing changes.
  std::string paint(std::vector<Line>, std::size_t columns);

  // A text that ends its last line, above the lines, which are shown again.
  std::string put_above(std::string_view text, std::size_t columns);

  // The lines are gone, and the cursor is where the first was. Nothing to write if none are shown.
  std::string erase(std::size_t columns);

  // Something else has been written to the terminal: what is shown there is left as it is.
  void forget() { lines_.clear(); }

 private:
  std::string way_up(std::size_t columns) const;
  std::string picture() const;

  std::vector<Line> lines_;   // shown
  std::size_t columns_ = 80;  // when they were painted
};

}  // namespace segdl::cli
