// What a person sees while downloads run; all of it on standard error.
#pragma once

#include <segdl/task.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace segdl::cli {

// A line that tells the state of things again and again: on a terminal it is rewritten at most four times a second,
// elsewhere it is printed every five seconds.
class StatusLine {
 public:
  explicit StatusLine(bool quiet);
  ~StatusLine();
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  // True when it is time to show something. Each time is told of once.
  bool due();
  // The speed in bytes/s, smoothed, when this many bytes have been received in all.
  double speed(std::uint64_t received);
  // A name, shortened where the terminal is too narrow, and what there is to say.
  void show(const std::string& name, const std::string& rest);
  // Takes the rewritten line away, so that something else can be printed.
  void clear();

 private:
  using Moment = std::chrono::steady_clock::time_point;

  bool quiet_;
  bool terminal_;
  std::chrono::milliseconds pace_;
  Moment next_;
  Moment measured_;
  std::uint64_t measured_bytes_ = 0;
  double speed_ = 0;
  bool shown_ = false;
};

// Shows one running download.
class ProgressDisplay {
 public:
  ProgressDisplay(std::string name, bool quiet, bool verbose);

  void update(const Progress&);
  void clear() { line_.clear(); }
  // True if update() has shown this note as it came.
  bool has_told(const std::string& note) const;

 private:
  std::string name_;
  bool verbose_;
  StatusLine line_;
  std::vector<std::string> told_;
};

}  // namespace segdl::cli
