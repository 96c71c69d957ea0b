// Reports events to a program, with --json: one object a line on standard output, as it happens (doc/json.md).
//
// Each line is written as soon as it is there. A reader that is slow is waited for, but for progress, which is left
// out; once a signal has come, not even that. If standard output can't be written at all, the command ends as if it had
// been interrupted, with exit code 7: its reader is gone. Used by one thread.
#pragma once

#include "wire/objects.h"

#include <segdl/task.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace segdl::cli {

class JsonReport final {
 public:
  JsonReport();  // writes the first line

  // What is to be known of the whole command.
  void note(const std::string& text);

  // What has happened to a download since.
  void catch_up(const wire::Subject&, Task&);
  // The same, and how far it is, if that is due.
  void follow(const wire::Subject&, Task&);

  // How one ended, or why it was not begun. REQUIRES: it was caught up with. One that was cancelled while it was
  // queued is not reported.
  void done(const wire::Subject&, const Report&);
  void failed(const wire::Subject&, const Error&);
  void skipped(const wire::Subject&);
  // One that is another of this command.
  void repeated(const wire::Subject&);

  // From here on what is cancelled ends with this exit code, and a reader is not waited for.
  void interrupted(int exit_code);
  // A download that was cancelled and is not waited for.
  void abandoned(const wire::Subject&, Task&);

  // The last line, once. The code the command ends with: this one, or if not all could be written, kLocal for 0.
  int end(int exit_code);

  // Standard output can't be written; that has been reported.
  bool broken() const { return broken_; }

 private:
  using Steady = std::chrono::steady_clock::time_point;

  // A download that was begun.
  struct Followed {
    Steady due;
    Steady measured;
    std::uint64_t bytes = 0;
    double speed = 0;
  };

  static double speed(Followed&, std::uint64_t fetched, Steady now);
  void write(const std::string& line);

  std::unordered_map<std::uint64_t, Followed> followed_;
  wire::Summary summary_;
  Steady begun_;
  int interrupted_code_ = 0;
  bool broken_ = false;
  bool given_up_ = false;  // nothing is read, and it is time to end
  bool ended_ = false;
};

}  // namespace segdl::cli
