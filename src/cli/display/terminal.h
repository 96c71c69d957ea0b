// Standard error where it is a terminal: what it is like, and a way of writing to it that never waits.
//
// A terminal that has stopped (Ctrl-S) or is slow takes what it takes; the rest is kept until it goes on. To be sure of
// that it is opened once more, so that waiting can be ruled out for this program and for no other that has it.
#pragma once

#include "cli/display/draw.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace segdl::cli {

// Whether TERM names a terminal that knows control sequences.
bool knows_controls();

class Terminal {
 public:
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // As it is now: windows are resized.
  Look look() const;

  // False for a job in the background, which must not paint over what others write.
  bool in_foreground() const;

  // Writes what it takes without a wait, after what it did not take before.
  void put(std::string_view text);

  // Whether something is still to be written, after another try.
  bool is_stuck();

  // Waits until all is written, or its reader is gone; meanwhile signals that end the command end it immediately.
  void settle();

 private:
  void push();

  int descriptor_;
  bool own_;  // opened here, so that writing never waits
  bool colours_;
  bool utf8_;
  std::string pending_;
};

}  // namespace segdl::cli
