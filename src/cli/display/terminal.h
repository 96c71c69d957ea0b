// Standard error if it is a terminal: its properties, and writes that never wait.
//
// A terminal that is stopped (Ctrl-S) or slow takes what it can; the rest is kept until it continues.
// It is opened once more for that: non-blocking mode must not affect other programs that have it open.
#pragma once

#include "cli/display/draw.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace segdl::cli {

// Whether TERM names a terminal that supports control sequences.
bool knows_controls();

class Terminal {
 public:
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Its current size: windows are resized.
  Look look() const;

  // False for a background job, which must not paint over the output of others.
  bool in_foreground() const;

  // Writes as much as possible without a wait, pending text first.
  void put(std::string_view text);

  // Whether text is still pending, after another attempt.
  bool is_stuck();

  // Waits until all is written, or the reader is gone. Signals that end the command interrupt the wait immediately.
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
