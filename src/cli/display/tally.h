// What has come of several downloads, in as much memory however many they are.
#pragma once

#include <segdl/task.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace segdl::cli {

// How many failures the summary names again.
inline constexpr std::size_t kNamedAgain = 100;

struct Tally {
  std::uint64_t seen = 0;       // taken from the command line and the list, whatever came of it
  std::uint64_t done = 0;       // in this run
  std::uint64_t skipped = 0;    // were there already (--skip-existing)
  std::uint64_t unchanged = 0;  // were there, and are what the server has (--update)
  std::uint64_t repeated = 0;   // the same URL and name as of one before
  std::uint64_t failed = 0;
  std::uint64_t bytes = 0;                 // of the files done
  std::uint64_t fetched = 0;               // of those, received in this run
  int code = 0;                            // of the first to fail
  std::vector<std::string> failures = {};  // the first kNamedAgain

  void add(const Report&);
  void add_failure(std::string named, int exit_code);
};

// A moment of several running downloads.
struct BatchProgress {
  std::uint64_t done = 0;  // there already or fetched
  std::uint64_t failed = 0;
  std::uint64_t of = 0;  // 0: the list has not been read to its end
  std::uint64_t under_way = 0;
  std::uint64_t fetched = 0;
};

// `12 of 5000 files  2 failed  3 under way  4986 left  1.2 GiB  85.3 MiB/s`; left are those under way, too.
std::string batch_line(const BatchProgress&, double bytes_per_second);

// `5000 files: 78.1 MiB in 0.5 s (156.2 MiB/s), 3 there already, 2 failed`.
std::string total_line(const Tally&, std::chrono::nanoseconds elapsed);

// The failures once more, a line each, or how many more there were; nothing if there was none. Ends its last line.
std::string failure_lines(const Tally&);

}  // namespace segdl::cli
