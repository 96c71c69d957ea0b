// What a person sees while a download runs and when it has ended; all of it on standard error.
#pragma once

#include <segdl/task.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace segdl::cli {

// 1536 -> "1.5 KiB".
std::string size_words(std::uint64_t bytes);

// 3725 s -> "1:02:05", 65 s -> "1:05".
std::string time_words(std::chrono::seconds);

// One line about the progress: `name  45.2 MiB of 100.0 MiB  45 %  12.3 MiB/s  0:05 left`.
std::string progress_line(const std::string& name, const Progress&, double bytes_per_second);

// `movie.mkv: 1.0 GiB in 12.3 s (83.2 MiB/s), 200.0 MiB reused, verified by strong validator`.
std::string report_line(const Report&);

// The end of a text too long for `room` bytes, cut between characters: "...movie.mkv".
std::string shortened(const std::string& text, std::size_t room);

// Shows a running download: on a terminal one line that is rewritten at most four times a second, elsewhere a line
// every five seconds.
class ProgressDisplay {
 public:
  ProgressDisplay(std::string name, bool quiet, bool verbose);
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  void update(const Progress&);
  // Takes the rewritten line away, so that something else can be printed.
  void clear();
  // True if update() has shown this note as it came.
  bool has_told(const std::string& note) const;

 private:
  using Moment = std::chrono::steady_clock::time_point;

  std::string name_;
  bool quiet_;
  bool verbose_;
  bool terminal_;
  bool line_shown_ = false;
  Moment next_;
  Moment measured_;
  std::uint64_t measured_bytes_ = 0;
  double speed_ = 0;  // smoothed
  std::vector<std::string> told_;
};

}  // namespace segdl::cli
