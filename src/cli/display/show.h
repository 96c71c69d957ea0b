// What the user sees while downloads run; all of it on standard error.
#pragma once

#include "cli/display/draw.h"
#include "cli/display/live_lines.h"
#include "cli/display/terminal.h"
#include "cli/options/options.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace segdl::cli {

// Where it is shown how things are going, again and again: on a terminal as lines repainted at most ten times a second,
// elsewhere as a plain line every five seconds, or nowhere. It is also who stops the process on Ctrl-Z, with the
// terminal put right first, and shows the lines again when it goes on.
class Display {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  explicit Display(const FetchCommand&);
  ~Display();
  Display(const Display&) = delete;
  Display& operator=(const Display&) = delete;

  // True when it is time to show something; true once for each time. To be called every kLook: it looks for Ctrl-Z.
  bool due();

  // Without the time in which the process was stopped.
  Moment now() const { return std::chrono::steady_clock::now() - stopped_; }

  // What lines are to be drawn for; nothing where they are plain.
  std::optional<Look> look() const;
  void show(std::vector<Line>);
  void show_plain(const std::string& line);

  // A message that ends its last line, above what is shown.
  void print_above(const std::string& text);

  // Takes the lines away. What is written to standard error afterwards follows what was printed.
  void clear();

 private:
  void look_for_stops();

  std::optional<Terminal> terminal_;  // if lines are painted
  bool silent_;
  std::chrono::milliseconds pace_;
  LiveLines lines_;
  Moment looked_;  // by the clock itself
  std::chrono::steady_clock::duration stopped_{0};
  Moment next_;
};

}  // namespace segdl::cli
